"""What a form has posted, checked to come from a form of this console."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from fastapi import Request

from .problems import ConsoleError, forbidden
from .security.guard import identity_of
from .state import console_of

__all__ = ["RequestForm", "form_of"]

_MOST_FIELDS = 50
_TYPE = "application/x-www-form-urlencoded"


class RequestForm:
    """Fields of a form."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Give a field; empty where there is none."""
        return self.values(name)[0] if self.values(name) else ""

    def values(self, name: str) -> Sequence[str]:
        """Give all values of a field."""
        return self._fields.get(name, ())


async def form_of(request: Request) -> RequestForm:
    """Read a form; one without the token that is bound to this identity is refused. ConsoleError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _TYPE:
        raise ConsoleError(415, "media-type", f"A form is {_TYPE}.")
    try:
        text = (await request.body()).decode("utf-8")
        form = RequestForm(parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise ConsoleError(400, "form", "This is no form.") from error
    console, identity = console_of(request), identity_of(request)
    expected = console.database.form_token(identity)
    if not hmac.compare_digest(form.text("form_token").encode(), expected.encode()):
        raise forbidden("form-token", "This form is not one of this page, or you have logged in again since.")
    return form
