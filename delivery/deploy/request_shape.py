"""What AWS answers, as it takes it back: only what a request of that shape has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["fitting"]


def fitting(shape: Any, value: Any, path: str = "") -> tuple[Any, list[str]]:
    """A value cut to what a shape of boto3's service model has; and the paths of what was left out."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return _structure(shape, value, path)
    if shape.type_name == "list" and isinstance(value, list | tuple):
        pairs = [fitting(shape.member, element, path) for element in value]
        return [pair for pair, _ in pairs], list(
            dict.fromkeys(path_left for _, some in pairs for path_left in some)
        )
    return value, []


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[str]]:
    fitting_keys: dict[str, Any] = {}
    not_sent: list[str] = []
    for key, element in value.items():
        where = f"{path}.{key}" if path else key
        if key not in shape.members:
            not_sent.append(where)
            continue
        fitting_keys[key], more = fitting(shape.members[key], element, where)
        not_sent += more
    return fitting_keys, not_sent
