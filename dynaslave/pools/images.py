"""Which machine image a pool starts from: an id, a name with its owner, tags, or an SSM parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobdsl.errors import DslError, suggestion

__all__ = ["Image", "image"]

_KEYS = ("id", "name", "tags", "ssm", "owner")
_ID = re.compile(r"ami-[0-9a-f]{8,17}")


@dataclass(frozen=True, slots=True)
class Image:
    """A machine image, or how to find the newest that fits. Exactly one of id, ssm, name/tags is set."""

    id: str = ""
    ssm: str = ""
    """Name of a parameter that holds the id."""
    name: str = ""
    """Pattern with * and ?."""
    tags: tuple[tuple[str, str], ...] = ()
    owner: str = ""
    """Account id, `self`, `amazon`. A name without an owner could be anybody's image."""

    def __str__(self) -> str:
        if self.id or self.ssm:
            return self.id or f"ssm:{self.ssm}"
        parts = [self.name] if self.name else []
        parts += [f"{key}={value}" for key, value in self.tags]
        return f"{' '.join(parts)} of {self.owner}"

    def plain(self) -> str | dict[str, Any]:
        """As JSON values, and as `image` reads it."""
        if self.id or self.ssm:
            return str(self)
        values = {"name": self.name, "tags": dict(self.tags), "owner": self.owner}
        return {key: value for key, value in values.items() if value}


def image(value: str | Mapping[str, Any] | Image) -> Image:
    """An image from `"ami-..."`, `"ssm:/path"` or a table with name, tags and owner. DslError otherwise."""
    if isinstance(value, Image):
        return value
    if isinstance(value, str):
        return _from_text(value)
    if not isinstance(value, Mapping):
        raise DslError(f'image is an id, "ssm:/path" or a table, not {value!r}', hint=_HINT)
    for key in value:
        if key not in _KEYS:
            raise DslError(
                f"image has no {key!r}", hint=suggestion(str(key), _KEYS) or f"it has {', '.join(_KEYS)}"
            )
    if "id" in value or "ssm" in value:
        if len(value) > 1:
            raise DslError("an image by id or ssm takes nothing else", hint=_HINT)
        return _from_text(value["id"]) if "id" in value else _from_text(f"ssm:{value['ssm']}")
    return _from_table(value)


_HINT = 'image={"name": "build-agent-*", "owner": "self"}'


def _from_text(value: str) -> Image:
    if isinstance(value, str) and _ID.fullmatch(value):
        return Image(id=value)
    if isinstance(value, str) and re.fullmatch(r"ssm:/?[A-Za-z0-9_./-]+", value):
        return Image(ssm=value.removeprefix("ssm:"))
    raise DslError(f"no image id and no SSM parameter: {value!r}", hint=_HINT)


def _from_table(value: Mapping[str, Any]) -> Image:
    name, owner, tags = value.get("name", ""), value.get("owner", ""), value.get("tags", {})
    if not isinstance(name, str) or not isinstance(tags, Mapping) or not (name or tags):
        raise DslError("an image is found by name, tags or both", hint=_HINT)
    if not isinstance(owner, str) or not re.fullmatch(r"[0-9]{12}|self|amazon|aws-marketplace", owner):
        raise DslError(
            "an image by name or tags needs its owner: anybody may publish one of that name",
            hint='owner="self", or an account id of 12 digits',
        )
    return Image(name=name, owner=owner, tags=tuple(sorted((str(k), str(v)) for k, v in tags.items())))
