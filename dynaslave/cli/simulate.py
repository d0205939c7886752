"""The command `dynaslave simulate`: pools on a trace of builds, under one policy or several."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from dynaslave.pools.pool import AgentPool
    from dynaslave.pools.prices import Table
    from dynaslave.simulate.engine import Policy
    from dynaslave.simulate.faults import FaultRates
    from dynaslave.simulate.variants import TuningVariant
    from dynaslave.trace import TraceBuild

__all__ = ["simulate"]


class PolicyRun(NamedTuple):
    """A policy to play."""

    name: str
    policy: Policy
    values: Mapping[str, str] | None = None
    """Constants that differ from the defaults; None where none are compared."""


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHARE = click.FloatRange(0, 1)
_BUILDS_PER_PROCESS = 200
"""Builds for which another process is worth its start."""


@click.command()
@click.option(
    "--trace",
    required=True,
    type=_FILE,
    help="Builds: .csv (submit_s,duration_s,pool[,label][,job]) or .swf.",
)
@click.option(
    "--pool", "pool_file", required=True, type=_FILE, help="Pools: [pools.NAME] with agent_pool's arguments."
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="default, node-provisioner, no-delay or fixed; several are set side by side, `all` is each of them. "
    "[default: default]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as JSON: an object, or a list of several."
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the run of the first policy as SVG."
)
@click.option(
    "--what-if",
    is_flag=True,
    help="Compare other idle times, spares, executors, maximums and spot; print the changes that pay.",
)
@click.option(
    "--tune",
    "tunes",
    multiple=True,
    metavar="NAME=VALUE[,VALUE...]",
    help="Compare other values of a constant of the default policy; of several options, each combination.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of the random boot times and failures."
)
@click.option(
    "--capacity-errors",
    type=_SHARE,
    default=0.0,
    metavar="SHARE",
    help="Share of launches refused for lack of capacity.",
)
@click.option(
    "--never-connect",
    type=_SHARE,
    default=0.0,
    metavar="SHARE",
    help="Share of instances that never connect.",
)
@click.option(
    "--interruptions",
    type=click.FloatRange(0),
    default=0.0,
    metavar="RATE",
    help="Interruptions of a spot agent per hour.",
)
@click.option("--prices", type=_FILE, help="Prices of instance types. [default: those in the package]")
def simulate(
    trace: Path,
    pool_file: Path,
    policies: tuple[str, ...],
    as_json: bool,
    plot: Path | None,
    what_if: bool,
    tunes: tuple[str, ...],
    seed: int,
    capacity_errors: float,
    never_connect: float,
    interruptions: float,
    prices: Path | None,
) -> None:
    """Play a trace of builds against pools: how long they would have waited, and what it would have cost.

    An agent serves 60 to 180 seconds after its launch and is billed until it ends; the controller gives
    builds to free agents in turn. The same seed gives the same figures, and every policy meets the same fate.
    """
    from dynaslave import trace as traces
    from dynaslave.pools import prices as table_of
    from dynaslave.simulate import poolfile, validation
    from dynaslave.simulate.faults import FaultRates
    from jobdsl.printable import plural

    names = _names(policies)
    if what_if and (plot is not None or len(names) > 1):
        raise click.UsageError("--what-if tries settings under one policy, and draws nothing")
    variants = _variants(tunes, names, what_if=what_if)
    pools = poolfile.load(pool_file)
    read = traces.read(trace)
    builds = validation.fit(read, pools, str(trace))
    table = table_of.load(prices, str(prices)) if prices else table_of.shipped()
    faults = FaultRates(capacity_errors, never_connect, interruptions)
    if read.skipped:
        click.echo(f"left out: {plural(read.skipped, 'job')} of the trace that never ran", err=True)
    if what_if:
        _what_if(builds, pools, names[0], table, seed, faults, as_json=as_json)
    else:
        policies_of = _tuned(variants, table) if variants else _named(names, table)
        _play(builds, pools, policies_of, table, seed, faults, as_json=as_json, plot=plot)


def _names(names: Sequence[str]) -> list[str]:
    """The policies to play, each once."""
    from dynaslave.simulate.policies import NAMES
    from jobdsl.errors import suggestion

    for name in names:
        if name not in (*NAMES, "all"):
            hint = suggestion(name, NAMES) or f"there are {', '.join(NAMES)}"
            raise click.BadParameter(f"there is no policy {name!r}; {hint}", param_hint="--policy")
    if "all" in names:
        return list(NAMES)
    return list(dict.fromkeys(names)) or [NAMES[0]]


def _variants(tunes: Sequence[str], names: Sequence[str], *, what_if: bool) -> list[TuningVariant]:
    """The constants to compare; empty without --tune."""
    from dynaslave.deciding.tuning import TuningError
    from dynaslave.simulate.variants import variants

    if not tunes:
        return []
    if what_if:
        raise click.UsageError(
            "--what-if compares settings of a pool, --tune constants of the rule; give one of them"
        )
    if names != ["default"]:
        raise click.UsageError("--tune changes constants of the policy default; leave --policy out")
    try:
        return variants(tunes)
    except TuningError as error:
        raise click.BadParameter(str(error), param_hint="--tune") from None


def _named(names: Sequence[str], table: Table) -> list[PolicyRun]:
    from dynaslave.simulate.policies import policy

    return [PolicyRun(name, policy(name, table)) for name in names]


def _tuned(variants: Sequence[TuningVariant], table: Table) -> list[PolicyRun]:
    from dynaslave.simulate.dynaslave_policy import Ours

    return [PolicyRun(each.name, Ours(table, tuning=each.tuning), each.values) for each in variants]


def _play(
    builds: Sequence[TraceBuild],
    pools: Mapping[str, AgentPool],
    policies: Sequence[PolicyRun],
    table: Table,
    seed: int,
    faults: FaultRates,
    *,
    as_json: bool,
    plot: Path | None,
) -> None:
    from dynaslave.simulate import report
    from dynaslave.simulate.bound import bound
    from dynaslave.simulate.engine import run
    from dynaslave.simulate.faults import Chance
    from dynaslave.simulate.result import result
    from jobdsl.cli.console import say_json
    from jobdsl.cli.workflow import write_text

    results = []
    for each in policies:
        played = run(builds, pools, each.policy, Chance(seed, faults))
        results.append(result(each.name, played))
        if plot is not None and each is policies[0]:
            from dynaslave.simulate.plot import to_svg

            write_text(plot, to_svg(f"{len(builds):,} builds, policy {each.name}", played))
    lowest = bound(builds, pools, table)
    if as_json:
        values = [
            {**report.to_json(figures), **_tuning(each), "bound": report.rounded(lowest.all)}
            for each, figures in zip(policies, results, strict=True)
        ]
        say_json(values if len(values) > 1 else values[0])
    else:
        click.echo(report.to_text([*results, lowest]), nl=False)


def _tuning(run: PolicyRun) -> dict[str, Any]:
    return {} if run.values is None else {"tuning": dict(run.values)}


def _progress(pool: str) -> Callable[[int, int], None]:
    """Show on standard error which play of a pool is done: on one line of a terminal, else each fourth."""
    terminal = sys.stderr.isatty()

    def show(done: int, planned: int) -> None:
        if terminal:
            click.echo(f"\rpool {pool}: {done} of {planned} settings played", err=True, nl=done >= planned)
        elif done % 4 == 0 or done == planned:
            click.echo(f"pool {pool}: {done} of {planned} settings played", err=True)

    return show


def _what_if(
    builds: Sequence[TraceBuild],
    pools: Mapping[str, AgentPool],
    name: str,
    table: Table,
    seed: int,
    faults: FaultRates,
    *,
    as_json: bool,
) -> None:
    from dynaslave.simulate.bound import bound
    from dynaslave.simulate.faults import Chance
    from dynaslave.simulate.whatif import coarse_policy, sweep, to_json, to_text
    from jobdsl.cli.console import say_json
    from jobdsl.cores import usable_cores

    swept = {}
    bounds = bound(builds, pools, table)
    for pool in pools.values():
        own = [build._replace(label="") for build in builds if build.pool == pool.name]
        if own:
            swept[pool.name] = sweep(
                own,
                pool,
                partial(coarse_policy, name, table),
                partial(Chance, seed, faults),
                _progress(pool.name),
                min(usable_cores(), 1 + len(own) // _BUILDS_PER_PROCESS),
            )
    if as_json:
        pools_of = {pool: to_json(settings) for pool, settings in swept.items()}
        say_json({"policy": name, "pools": pools_of})
    else:
        click.echo(
            "\n".join(to_text(pool, settings, bounds.pools[pool]) for pool, settings in swept.items()),
            nl=False,
        )
