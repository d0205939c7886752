"""The secrets file: values of `secret("name")`, put into a document just before it is written or sent.

The file is JSON, `{"payments/api/authToken": "..."}`, readable by its owner alone, and lies outside
the estate; `jobdsl.toml` names it. Digests and diffs are of documents that are not filled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.documents.tree import escape, header
from jobdsl.errors import JobdslError
from jobdsl.printable import one_line
from jobdsl.secrets.placeholders import SECRET_START, TOKEN

if TYPE_CHECKING:
    from jobdsl.settings.config import Settings

__all__ = ["Secrets", "save", "secrets_of"]

_DECLARATION = re.compile(r"\A<\?xml[^>]*\?>\n?")
_LARGEST = 16 << 20
"""Characters of a filled document: a short placeholder may stand for a long value, many times."""
_MOST_NAMES = 20
"""Names without a value that an error lists."""


class Secrets:
    """Values by name."""

    def __init__(self, values: Mapping[str, str] | None = None, source: str = "") -> None:
        self.values = dict(values or {})
        self.source = source
        """Where they come from, for messages."""

    def __repr__(self) -> str:
        return f"<Secrets {len(self.values)} from {self.source!r}>"

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def load(cls, path: Path) -> Secrets:
        """The values in a file. Raises JobdslError when it cannot be read or is no JSON object of texts."""
        try:
            values = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise JobdslError(f"the secrets file {path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):  # never the parser's own words: they may quote the file
            raise JobdslError(f"the secrets file {path} is not valid JSON") from None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise JobdslError(
                f"the secrets file {path} must be one JSON object of texts", hint='{"name": "value", ...}'
            )
        return cls(values, str(path))

    def fill(self, document: str, *, known_only: bool = False) -> str:
        """Return the document with its secrets.

        Takes time in proportion to the document. Raises JobdslError that lists the names without a value;
        with `known_only` such names stay.
        """
        if SECRET_START not in document:
            return document
        missing: dict[str, None] = {}
        written: dict[str, str] = {}
        pieces: list[str] = []
        end = size = 0
        in_tag = False
        for match in TOKEN.finditer(document):
            text = document[end : match.start()]
            if text.rfind("<") != text.rfind(">"):
                in_tag = text.rfind("<") > text.rfind(">")
            name = unescape(match[1])
            if name not in self.values:
                missing[name] = None
                value = match[0]
            else:
                if name not in written:
                    written[name] = escape(self.values[name]).replace('"', "&quot;")
                value = written[name]
                if in_tag:  # in an attribute, where bare ones become spaces
                    value = value.replace("\n", "&#10;").replace("\t", "&#9;")
            pieces += [text, value]
            size += len(text) + len(value)
            end = match.end()
            if size > _LARGEST:
                raise self._too_large()
        if missing and not known_only:
            raise self._missing(list(missing))
        filled = "".join([*pieces, document[end:]])
        body = _DECLARATION.sub("", filled, count=1)
        return filled if body == filled else header(body) + body

    @staticmethod
    def _too_large() -> JobdslError:
        return JobdslError(
            f"with its secrets the document has more than {_LARGEST >> 20} MB",
            hint="use secret() less often, or for a shorter value",
        )

    def _missing(self, names: list[str]) -> JobdslError:
        more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
        shown = ", ".join([*(one_line(name) for name in names[:_MOST_NAMES]), *more])
        where = f"in {self.source}" if self.source else "given"
        hint = (
            f"add them to {self.source}"
            if self.source
            else "name the file: secrets = ... in jobdsl.toml, or --secrets with a saved plan"
        )
        return JobdslError(f"no value for the secret{'s' * (len(names) > 1)} {shown} {where}", hint=hint)


def secrets_of(root: Path, settings: Settings) -> Secrets:
    """Return the secrets of the estate at `root`; none where its file is absent (filling then reports it).

    JOBDSL_SECRETS names another file than `jobdsl.toml` does: a build gets one that Jenkins keeps.
    """
    path_text = os.environ.get("JOBDSL_SECRETS")
    if settings.secrets is None and not path_text:
        return Secrets()
    path = Path(path_text) if path_text else root / str(settings.secrets)
    return Secrets.load(path) if path.exists() else Secrets(source=os.path.normpath(path))


def save(path: Path, values: Mapping[str, str]) -> None:
    """Write a secrets file that only its owner may read. Raises JobdslError when that fails."""
    text = json.dumps(dict(values), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise JobdslError(f"the secrets file {path} cannot be written: {error.strerror}") from None
