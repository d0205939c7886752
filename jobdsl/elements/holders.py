"""Elements that only hold others: where one part is all they hold, its arguments are given directly.

class downstream(Holder, Publisher, xml=...):
    holds, held = "configs", trigger_config

    configs: Any = children(accepts=trigger_config)
    projects: str | None = sugar(first=True)     # an argument of trigger_config
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from jobdsl import context
from jobdsl.elements.base import Element
from jobdsl.errors import DslError

__all__ = ["Holder", "twice"]


def twice(element: str, whole: str, parts: Iterable[str]) -> DslError:
    """Arguments that are given beside the one they would make."""
    named = ", ".join(f"{part}=" for part in parts)
    return DslError(f"{element}: {named} and {whole}= set the same", hint="leave one of them out")


class Holder(Element):
    """An element whose `sugar()` arguments are those of the one part it mostly holds."""

    __slots__ = ()

    holds: ClassVar[str]
    """The field that takes the parts."""
    held: ClassVar[type[Element]]
    """The class of the part that the direct arguments make."""

    @classmethod
    def _direct(cls) -> list[str]:
        return [name for name, field in cls._fields.items() if field.kind == "sugar"]

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the part that the direct arguments describe, before those given as parts."""
        direct = {name: arguments[name] for name in self._direct() if arguments[name] is not None}
        if direct:
            part, whole = self.held(**direct), self._fields[self.holds]
            if whole.kind == "child" and arguments[self.holds] not in (None, whole.default):
                context.complain(twice(self.dsl_name(), self.holds, direct))
            arguments[self.holds] = part if whole.kind == "child" else (part, *(arguments[self.holds] or ()))
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the one part held, where there is one and nothing unusual about it."""
        own = super().arguments()
        if self.holds not in own:
            return own
        parts = own[self.holds] if isinstance(own[self.holds], tuple) else (own[self.holds],)
        if len(parts) != 1 or type(parts[0]) is not self.held or parts[0].layout or parts[0].extra:
            return own
        inner = parts[0].arguments()
        if not inner or None in inner.values() or not inner.keys() <= set(self._direct()):
            return own
        del own[self.holds]
        return {**inner, **own}

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed, those of every part held among them."""
        direct = {name: changes.pop(name) for name in self._direct() if name in changes}
        if direct:
            held = getattr(self, self.holds)
            changed = [part.but(**direct) for part in (held if isinstance(held, tuple) else (held,))]
            changes[self.holds] = tuple(changed) if isinstance(held, tuple) else changed[0]
        return super().but(**changes)
