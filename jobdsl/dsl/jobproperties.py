"""The properties of a job: those given as such, those that other arguments stand for, and their order.

`keep=5` stands for a `properties.build_discarder(...)`. By itself a job writes first the properties given,
then those of its arguments. Where a document has another order its layout has it, by the names of the
arguments: `properties[keep,2,parameters,*]` is what is kept, two of the properties given, the parameters, the
rest of the properties given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from jobdsl.documents.tree import class_name
from jobdsl.elements.slots import Property
from jobdsl.elements.untyped import Raw
from jobdsl.errors import DslError

__all__ = ["REST", "Implied", "arrange", "take_apart"]

REST = "*"
"""What stands in an order for the given properties that are not counted before it."""
_TAG = "properties"


class Implied(NamedTuple):
    """An argument of a job that stands for a property."""

    argument: str
    kind: type[Property]
    """The class of the property."""
    value: Any
    """Returns the argument's value for such a property; None where the argument cannot express it."""


def arrange(properties: Sequence[Any], implied: Mapping[str, Any], order: Sequence[str]) -> list[Any]:
    """All properties in their order: those given, and the implied ones by the names of their arguments.

    What the order does not name comes where it would without one: given ones first. Raises DslError for a
    property that is given although an argument stands for it.
    """
    _refuse_twice(properties, implied)
    rest, implied = list(properties), dict(implied)
    before: list[Any] = []
    after: list[Any] = []
    arranged = before
    for word in order:
        if word == REST:
            arranged = after
        elif word.isdigit():
            count = int(word)
            arranged += rest[:count]
            del rest[:count]
        elif word in implied:
            arranged.append(implied.pop(word))
    return [*before, *rest, *after, *implied.values()]


def _refuse_twice(properties: Sequence[Any], implied: Mapping[str, Any]) -> None:
    by_class = {member.java: argument for argument, member in implied.items()}
    for member in properties if by_class else ():
        argument = by_class.get(_class_of(member))
        if argument is not None:
            member_name = member.dsl_name() if isinstance(member, Property) else _class_of(member)
            hint = f"leave out {argument}=, or the property"
            raise DslError(f"has {member_name}(...), and {argument}= sets the same", hint=hint)


def _class_of(member: Any) -> str:
    """Return the Jenkins class of a property, typed or not."""
    if isinstance(member, Property):
        return member.java
    return member.tag if isinstance(member, Raw) else class_name(member.node.tag)


def take_apart(members: Iterable[Any], kinds: Sequence[Implied]) -> dict[str, Any]:
    """Return the arguments that make these properties, with the `layout` their order needs.

    A property becomes an argument where that expresses all of it, and where it is the only one of its class.
    The others stay among the properties given.
    """
    members = list(members)
    count = Counter(map(_class_of, members))
    arguments: dict[str, Any] = {}
    rest: list[Any] = []
    words: list[str] = []
    for member in members:
        implied = next((implied for implied in kinds if type(member) is implied.kind), None)
        plain = count[_class_of(member)] == 1 and not (implied and (member.layout or member.extra))
        value = implied.value(member) if implied is not None and plain else None
        if implied is None or value is None:
            rest.append(member)
            words.append(REST)
        else:
            arguments[implied.argument] = value
            words.append(implied.argument)
    arguments[_TAG] = rest
    usual = [*[REST] * len(rest), *(implied.argument for implied in kinds if implied.argument in arguments)]
    return arguments if words == usual else {**arguments, "layout": f"{_TAG}[{','.join(_counted(words))}]"}


def _counted(words: Sequence[str]) -> list[str]:
    """Return the order with runs of given properties as numbers, and the last of them as the rest."""
    runs = [(word, len(list(run))) for word, run in groupby(words)]
    last = max((at for at, (word, _) in enumerate(runs) if word == REST), default=-1)
    return [word if word != REST or at == last else str(count) for at, (word, count) in enumerate(runs)]
