"""Puts a manager together from the command line; the one place that knows all parts."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dynaslave.pools.watch import Declared, EstateSource
from jobdsl.errors import JobdslError

if TYPE_CHECKING:
    from dynaslave.ec2.clients import Clients
    from dynaslave.ec2.provider import Ec2Provider
    from dynaslave.manager.costs import Book
    from dynaslave.manager.loop import Manager
    from dynaslave.manager.metrics import Metrics
    from dynaslave.pools.pool import AgentPool
    from dynaslave.provider import Provider
    from jobdsl.aws.lease import Lease
    from jobdsl.controller.jenkins import Controller
    from jobdsl.errors import Problem

__all__ = ["RunOptions", "assemble", "connect", "preflight"]

ProviderName = Literal["ec2", "local", "simulated"]
_PATIENCE = 8.0
"""Seconds one request waits for a controller that is down: the next poll comes soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """All options of `dynaslave run`."""

    estate: Path
    url: str | None = None
    user: str | None = None
    token: str | None = None
    provider: ProviderName | None = None
    """Where agents run; the value in jobdsl.toml if None."""
    name: str | None = None
    """The manager's name; that of jobdsl.toml if None."""
    agents_url: str | None = None
    """The controller as agents reach it; `url` if None."""
    websocket: bool = True
    isolation: str | None = None
    region: str | None = None
    profile: str | None = None
    queue: str = ""
    """URL of the SQS queue with EC2's notices."""
    secrets_key: str = ""
    """KMS key of the agents' secrets."""
    lease_table: str | None = None
    """DynamoDB table of the lease and of the month's costs."""
    run_directory: Path | None = None
    agent_command: str = "java"
    """`java`, `stand-in`, or the command itself."""
    slots: int | None = None
    look_only: bool = False
    """Whether the manager decides and does nothing: it takes no lease and writes no costs."""


def connect(options: RunOptions, declared: Declared) -> Controller:
    """The controller that options or jobdsl.toml name."""
    from jobdsl.controller import jenkins

    url = options.url or declared.controller_url
    if not url:
        raise JobdslError(
            "no controller is named", hint="give --url, JENKINS_URL, or controller.url in jobdsl.toml"
        )
    return jenkins.connect(
        url, options.user, options.token, threads=16, timeout=(5.0, 30.0), patience=_PATIENCE
    )


def assemble(
    options: RunOptions, source: EstateSource, controller: Controller, metrics: Metrics | None = None
) -> Manager:
    """A manager that is ready to run. ProviderError or JobdslError where a part cannot be had."""
    from dynaslave.acting.executor import Actor
    from dynaslave.controller.nodes import Nodes
    from dynaslave.local.provider import LocalAgents
    from dynaslave.manager.clocks import steady
    from dynaslave.manager.costs import Costs
    from dynaslave.manager.loop import Dependencies, Manager
    from dynaslave.manager.observe import Observer

    declared = source.current()
    name = _name(options, declared)
    provider = _provider(options, name, controller, declared)
    nodes = Nodes(controller, name, websocket=options.websocket)
    home = provider.home if isinstance(provider, LocalAgents) else _remote_fs
    actor = Actor(nodes, provider, url=_agents_url(options) or controller.url, home=home)
    lease, book = _lease_and_book(options, name, _clients(options, declared))
    return Manager(
        Dependencies(
            name=name,
            url=controller.url,
            provider=provider,
            estate=source.current,
            poll=Observer(controller, provider, name).poll,
            doer=actor,
            costs=Costs(book),
            lease=lease,
            metrics=metrics,
            timer=steady,
        )
    )


def _agents_url(options: RunOptions) -> str | None:
    """Return the controller as agents reach it. Raises JobdslError for one with a login: all would get it."""
    from jobdsl.controller.address import without_login

    url = options.agents_url
    if url and "@" in url:
        hint = "agents sign in with a secret of their own"
        raise JobdslError(f"--agents-url {without_login(url)} has a user or token in front of it", hint=hint)
    return url


def _remote_fs(pool: AgentPool, node: str) -> str:  # noqa: ARG001 - where a host has one agent only
    return pool.remote_fs


def preflight(options: RunOptions, declared: Declared, controller: Controller) -> list[Problem]:
    """Find what would keep pools from launching at this provider, each at its line. Reads only."""
    from dynaslave.controller.java import needed_java

    needed = needed_java(controller)
    if _kind(options, declared) == "local" and options.agent_command == "java":
        from dynaslave.local.command import check_java

        return check_java(needed)
    if _kind(options, declared) != "ec2":
        return []
    provider = _ec2(options, _name(options, declared), declared)
    problems = [problem for pool in declared.pools for problem in provider.check(pool, needed)]
    return [*problems, *provider.check_notices()]


def _name(options: RunOptions, declared: Declared) -> str:
    return options.name or declared.manager.pools.manager


def _kind(options: RunOptions, declared: Declared) -> ProviderName:
    return options.provider or declared.manager.pools.provider


def _provider(options: RunOptions, name: str, controller: Controller, declared: Declared) -> Provider:
    kind = _kind(options, declared)
    if kind == "ec2":
        return _ec2(options, name, declared)
    if kind == "local":
        return _local(options, name, controller)
    from dynaslave.simulated.lines import StandIns
    from dynaslave.simulated.provider import SimulatedCloud

    return SimulatedCloud(boot=(5.0, 15.0), line=StandIns())


def _clients(options: RunOptions, declared: Declared) -> Clients:
    from dynaslave.ec2.clients import Clients

    return Clients(region=options.region or declared.manager.pools.region, profile=options.profile)


def _ec2(options: RunOptions, name: str, declared: Declared) -> Ec2Provider:
    from dynaslave.ec2.provider import Ec2Provider

    table = declared.manager.prices
    return Ec2Provider(
        name,
        _clients(options, declared),
        price=lambda word: table[word].dollars_hour if word in table else None,
        queue=options.queue,
        key=options.secrets_key,
    )


def _local(options: RunOptions, name: str, controller: Controller) -> Provider:
    from dynaslave.local.command import JAVA, STAND_IN, jar_of
    from dynaslave.local.provider import LocalAgents

    known: dict[str, Sequence[str]] = {"java": JAVA, "stand-in": STAND_IN}
    command = known.get(options.agent_command) or shlex.split(options.agent_command)
    root = options.run_directory or _state_directory() / name
    return LocalAgents(root, command=command, jar=jar_of(controller), slots=options.slots)


def _state_directory() -> Path:
    state = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME")
    return Path(state) / "dynaslave" if state else Path.home() / ".local" / "state" / "dynaslave"


def _lease_and_book(options: RunOptions, name: str, clients: Clients) -> tuple[Lease, Book | None]:
    from dynaslave.manager.costs import DynamoBook, MemoryBook, ReadOnlyBook
    from jobdsl.aws.lease import DynamoLease, NoLease
    from jobdsl.aws.tables import ensure_table

    if options.lease_table is None:
        return NoLease(), None if options.look_only else MemoryBook()
    client = clients.dynamodb
    if options.look_only:
        return NoLease(), ReadOnlyBook(DynamoBook(client, options.lease_table, name))
    ensure_table(client, options.lease_table)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    return (
        DynamoLease(client, options.lease_table, name, owner),
        DynamoBook(client, options.lease_table, name),
    )
