"""What a bake must take away again: temporary things always, what it made only if it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from delivery.errors import DeliveryError

__all__ = ["Undo"]


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    remove: Callable[[], object]
    temporary: bool
    ours: bool


class Undo:
    """A stack of removals, the last one is removed first. `say` gets a line for each that fails."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._entries: list[_Entry] = []

    def temporary(self, label: str, remove: Callable[[], object], *, ours: bool = True) -> None:
        """Something needed until the image is there; removing it twice must do no harm.

        What is not `ours` is another bake's, perhaps at work: it goes only once the image is there.
        """
        self._entries.append(_Entry(label, remove, True, ours))

    def made(self, label: str, remove: Callable[[], object]) -> None:
        """Add a part of the result: removed only if the bake fails."""
        self._entries.append(_Entry(label, remove, False, True))

    def keep(self) -> None:
        """Keep parts of the result from here on, even if the bake fails."""
        self._entries = [entry for entry in self._entries if entry.temporary]

    def forget(self) -> None:
        """Remove nothing any more: it is kept for inspection."""
        self._entries.clear()

    @property
    def labels(self) -> list[str]:
        """What would be removed, in that order."""
        return [entry.label for entry in reversed(self._entries)]

    def finish(self) -> None:
        """Remove what was temporary; what was made stays on the stack."""
        permanent = [entry for entry in self._entries if not entry.temporary]
        self._run([entry for entry in self._entries if entry.temporary])
        self._entries = permanent

    def run(self) -> None:
        """Remove everything that is ours."""
        entries, self._entries = self._entries, []
        self._run([entry for entry in entries if entry.ours])

    def _run(self, entries: list[_Entry]) -> None:
        for entry in reversed(entries):
            try:
                entry.remove()
            except DeliveryError as error:
                self._say(f"{entry.label}: {error} (delivery clean bakes finds it)")
