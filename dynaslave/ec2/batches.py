"""Calls for many instances at once, where one that AWS refuses must not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dynaslave.provider import Denied, ProviderError, Unavailable

__all__ = ["batched", "in_batches"]


def batched(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Items in batches of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def in_batches(
    items: Sequence[str], size: int, call: Callable[[Sequence[str]], None]
) -> dict[str, ProviderError]:
    """Call for all items in batches, and return which were refused and why.

    AWS does nothing of a batch with one wrong id. So a refused batch is halved until the wrong ones stand
    alone. Errors without a culprit (throttled, no answer) are raised at once.
    """
    refused: dict[str, ProviderError] = {}
    waiting = batched(items, size)
    while waiting:
        batch = waiting.pop()
        try:
            call(batch)
        except (Denied, Unavailable) as error:
            if not _about_one(error):
                raise
            if len(batch) > 1:
                waiting += batched(batch, (len(batch) + 1) // 2)
            else:
                refused[batch[0]] = error
    return refused


def _about_one(error: ProviderError) -> bool:
    """Whether a single item can be the reason."""
    return error.code.startswith("InvalidInstanceID") or error.code == "OperationNotPermitted"
