"""The accounts and regions of the settings, read at the same time; one that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import click

from delivery.aws import open_aws
from delivery.errors import FAILED, DeliveryError, UnknownNameError
from jobdsl.errors import suggestion
from jobdsl.printable import one_line, printable

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["Answers", "Location", "Unread", "locations", "read_all", "report_unread", "unknown_name"]

_AT_ONCE = 8
"""Accounts and regions that are read at the same time."""
Answer = TypeVar("Answer")


class Location(NamedTuple):
    """An account, by its name in the settings, and a region; None for that of the environment."""

    account: str
    region: str | None


class Unread(NamedTuple):
    """An account and region that could not be read, and why."""

    account: str
    region: str | None
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Answers(Generic[Answer]):
    """What was read, and where nothing could be read."""

    values: list[Answer] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code: 1 if anything could not be read."""
        return FAILED if self.unread else 0

    @property
    def unread_values(self) -> list[dict[str, Any]]:
        """JSON values of what could not be read."""
        return [each._asdict() for each in self.unread]


def locations(settings: DeliverySettings, account: str | None, region: str | None) -> list[Location]:
    """List the accounts and regions to read: all, or those of an account or region. DeliveryError."""
    if account is not None or not settings.accounts:
        accounts = [settings.account(account)]
    else:
        accounts = list(settings.accounts.values())
    reachable = [
        Location(each.name, name)
        for each in accounts
        for name in each.regions or (region,)
        if region is None or name == region
    ]
    if not reachable:
        known = sorted({name for each in accounts for name in each.regions})
        hint = suggestion(region or "", known) or f"known are {', '.join(known)}"
        raise UnknownNameError(f"no account is used in region {region!r}", hint)
    return reachable


def read_all(
    settings: DeliverySettings, places: Sequence[Location], read: Callable[[Aws], Answer]
) -> Answers[Answer]:
    """Read several accounts and regions at the same time, and keep their order."""
    answers: Answers[Answer] = Answers()

    def one(place: Location) -> Answer:
        return read(open_aws(settings, place.account, place.region))

    with ThreadPoolExecutor(min(_AT_ONCE, len(places))) as pool:
        running = [(place, pool.submit(one, place)) for place in places]
        for place, future in running:
            try:
                answers.values.append(future.result())
            except DeliveryError as error:
                answers.unread.append(Unread(place.account, place.region, error.message, error.hint))
    return answers


def report_unread(unread: Iterable[Unread]) -> None:
    """Print to stderr what could not be read."""
    for each in unread:
        where = f"{each.account}, {each.region}" if each.region else each.account
        error = click.style("error", fg="red")
        click.echo(f"{error}: {one_line(where)} could not be read: {printable(each.message)}", err=True)
        if each.hint:
            click.echo(f"  {printable(each.hint)}", err=True)


def unknown_name(kind: str, name: str, known: Iterable[str], unread: Sequence[Unread]) -> UnknownNameError:
    """Report that there is nothing of a name, with the one that may be meant."""
    names = sorted({*known})
    listed = f"known are {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}" if names else ""
    hint = suggestion(name, names) or listed or "delivery list shows all groups"
    if unread:
        hint += f"; {len(unread)} of the accounts and regions could not be read"
    return UnknownNameError(f"there is no {kind} {name!r}", hint)
