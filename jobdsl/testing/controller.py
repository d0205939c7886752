"""SimulatedJenkins: a controller in memory behind a real HTTP server on loopback."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from jobdsl.testing.access import VIEW_READ, require
from jobdsl.testing.answers import router
from jobdsl.testing.build_executor import StepRunner
from jobdsl.testing.builds import Build
from jobdsl.testing.catalogue import Catalogue, VocabularyCatalogue, plugin_list
from jobdsl.testing.clock import Clock, SystemClock
from jobdsl.testing.computers import Computers
from jobdsl.testing.credentials import Credential, Credentials
from jobdsl.testing.export import Bean
from jobdsl.testing.exports import Exports
from jobdsl.testing.faults import Failure, Faults, Phase, Status, Where
from jobdsl.testing.http import DROP, HttpRequest, HttpResponse, Listener
from jobdsl.testing.kinds import FOLDER
from jobdsl.testing.operations import Items
from jobdsl.testing.pages import Refusal, forbidden, jetty, login, starting
from jobdsl.testing.parameters import definitions, values_for
from jobdsl.testing.requestlog import RequestLog
from jobdsl.testing.resolver import walk
from jobdsl.testing.routing import RoutedRequest
from jobdsl.testing.scheduler import Scheduler
from jobdsl.testing.state import ControllerState
from jobdsl.testing.store import StoredItem
from jobdsl.testing.stored import Rewriter
from jobdsl.testing.users import ADMINISTER, User, Users
from jobdsl.testing.views import StoredView

__all__ = ["SimulatedJenkins"]

_log = logging.getLogger(__name__)
_AGENT_LINE = "/simulated-agent/"
_FOR_ALL = "/jnlpJars/"
"""Readable without an account (Jenkins.getUnprotectedRootActions)."""
_TICK = 0.1
"""Real seconds between two passes over the queue while a build really runs."""
_READ = "hudson.model.Hudson.Read"


class SimulatedJenkins(ControllerState):
    """A Jenkins controller for tests and demonstrations; use it as a context manager.

    It answers as Jenkins 2.568.2 was recorded to. `clock` decides how time passes in the queue and
    in builds; `plugins` (name to version) replaces the recorded plugin list; with
    `accept_unknown_classes` nothing that is posted is dropped, for estates whose plugins are not listed.
    With `run_steps` the built-in node runs shell steps as processes of this machine; otherwise builds
    only take `build_seconds`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        user: str = "admin",
        password: str = "admin",  # noqa: S107 - of a simulation
        token: str = "",
        clock: Clock | None = None,
        plugins: Mapping[str, str] | None = None,
        catalogue: Catalogue | None = None,
        accept_unknown_classes: bool = False,
        build_seconds: float = 1.0,
        executors: int = 2,
        run_steps: bool = False,
    ) -> None:
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        """Guards everything; notified when a build ends or work for an agent comes."""
        self.closing = False
        self.clock = clock or SystemClock()
        self.requests = RequestLog()
        self.faults = Faults()
        self._between: Callable[[HttpRequest], None] | None = None
        self.users = Users()
        self._admin = self.users.add(user, password, {ADMINISTER}, token)
        self.plugins = plugin_list(plugins)
        versions = {str(plugin["shortName"]): str(plugin["version"]) for plugin in self.plugins}
        rewriter = Rewriter(
            catalogue=catalogue or VocabularyCatalogue(),
            plugins=versions,
            accept_unknown=accept_unknown_classes,
        )
        self.store = Items(rewriter)
        self.credentials = Credentials()
        self.computers = Computers(salt=self._admin.token)
        self.computers.built_in.executors = executors
        self.scheduler = Scheduler(clock=self.clock, computers=self.computers, build_seconds=build_seconds)
        self.runner = StepRunner(self, built_in=run_steps)
        self.scheduler.runner = self.runner
        self._run_steps = run_steps
        self._ticker = threading.Thread(target=self._keep_ticking, name="simulated-queue", daemon=True)
        self.session = self.users.cookie.rpartition(".")[2]
        self.deletions = set()
        self._exports = Exports(self)
        self.caller = self._admin
        """Whose request is answered now; the API shows nobody a view that user may not read."""
        self._listener = Listener(self._answer, port)
        self.url = f"http://{self._listener.host}:{self._listener.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer."""
        self._listener.start()
        if self._run_steps:
            self._ticker.start()

    def stop(self) -> None:
        """Stop answering and cut all connections."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self._listener.close()
        self.runner.close()
        if self._ticker.is_alive():
            self._ticker.join(timeout=5)

    def _keep_ticking(self) -> None:
        """Start what has waited long enough, also without a request."""
        with self.changed:
            while not self.closing:
                self.scheduler.tick()
                self.changed.wait(_TICK)

    @property
    def user(self) -> str:
        """Name of the administrator."""
        return self._admin.name

    @property
    def token(self) -> str:
        """API token of the administrator."""
        return self._admin.token

    @property
    def password(self) -> str:
        """Password of the administrator."""
        return self._admin.password

    @property
    def items(self) -> Mapping[str, StoredItem]:
        """Every item by its full name, parents first."""
        with self._lock:
            return {item.full_name: item for item in self.root.walk()}

    def add_user(
        self,
        name: str,
        password: str = "",
        permissions: Iterable[str] = frozenset({ADMINISTER}),
        token: str = "",
    ) -> User:
        """Add an account; permissions by Jenkins' ids, `users.READER` for one that only reads."""
        return self.users.add(name, password or name, permissions, token)

    def install_plugins(self, plugins: Mapping[str, str]) -> None:
        """Install plugins: short name to version. Their classes are known from now on."""
        with self._lock:
            self.plugins += plugin_list(plugins)
            self.store.rewriter.plugins.update(plugins)

    def remove_plugins(self, *names: str) -> None:
        """Uninstall plugins; what is posted from now on loses their classes."""
        with self._lock:
            self.plugins = [plugin for plugin in self.plugins if plugin["shortName"] not in names]
            for name in names:
                self.store.rewriter.plugins.pop(name, None)

    def add_credentials(self, id: str, **secret: str) -> Credential:
        """Register a credential: `secret=` for a text, `username=` and `password=` for a pair."""
        with self._lock:
            return self.credentials.add(id, **secret)

    def create_item(self, full_name: str, xml: str | bytes) -> StoredItem:
        """Create an item as createItem does; missing folders above it are made."""
        with self._lock:
            *parents, name = full_name.split("/")
            group = self.root
            for parent in parents:
                existing = group.get(parent)
                plain = f"<{FOLDER.tag}/>".encode()
                group = (existing or self.store.create(group, parent, plain)).children
            return self.store.create(group, name, xml.encode() if isinstance(xml, str) else xml)

    def item(self, full_name: str) -> StoredItem:
        """Return the item of a full name; KeyError without it."""
        with self._lock:
            item = self.root.find(full_name)
        if item is None:
            raise KeyError(full_name)
        return item

    def config(self, full_name: str) -> str:
        """Return the stored document of an item."""
        with self._lock:
            return self.item(full_name).document.text

    def update_item(self, full_name: str, xml: str | bytes) -> None:
        """POST config.xml, as someone in the UI would."""
        with self._lock:
            self.store.update(self.item(full_name), xml.encode() if isinstance(xml, str) else xml)

    def delete_item(self, full_name: str) -> None:
        """Delete an item and everything below it."""
        with self._lock:
            item = self.item(full_name)
            self.store.delete(item)
            self.scheduler.forget(item)

    def builds(self, full_name: str) -> list[Build]:
        """Return the builds of a job, oldest first, after bringing the queue up to the present."""
        with self._lock:
            self.scheduler.tick()
            return [build for _, build in sorted(self.item(full_name).builds.items())]

    def wait_for_build(self, full_name: str, number: int = 1, timeout: float = 60.0) -> Build:
        """Return the build of that number once it is over; TimeoutError if it is not in time (real seconds).

        For builds that really run; those that only take time end when the clock is moved.
        """

        deadline = time.monotonic() + timeout
        with self.changed:
            while time.monotonic() < deadline:
                self.scheduler.tick()
                build = self.item(full_name).builds.get(number)
                if build is not None and not build.building:
                    return build
                self.changed.wait(_TICK)
        raise TimeoutError(f"{full_name} #{number} is not over after {timeout:g} s")

    def build(self, full_name: str) -> None:
        """Queue a build as from the UI, with its parameters at their defaults; it starts if it can."""
        with self._lock:
            item = self.item(full_name)
            parameters = values_for(definitions(item), {}, self.store.rewriter.plain)
            self.scheduler.schedule(item, user=self.user, quiet=0, parameters=parameters)

    def before_each(self, action: Callable[[HttpRequest], None] | None) -> None:
        """Call this with every request before it is looked at: what others do in between. None ends that.

        It may call every method of this object.
        """
        self._between = action

    def fail_next(
        self,
        where: Where = None,
        status: Status = 503,
        *,
        times: int = 1,
        delay: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Let the next `times` requests that match `where` fail.

        `where`: start of a path, a function of the request, or None for any. `status`: an HTTP status;
        `drop` closes the connection and does nothing; `lose` does it and loses the answer; `cut` does it and
        answers half; `page` does nothing and answers with a login page; `ok` only delays. `headers`
        are sent with an HTTP status, as the `Retry-After` of a proxy.
        """
        self.faults.plan(
            Failure(
                where=where, status=status, delay=delay, times=times, headers=tuple((headers or {}).items())
            )
        )

    def kill_after(self, requests: int | None) -> None:
        """Answer that many more requests and drop every connection after; None heals."""
        self.faults.kill_after(requests)

    def heal(self) -> None:
        """Let nothing fail any more."""
        self.faults.heal()

    def enter_phase(self, phase: Phase) -> None:
        """Be `starting` (503), `waking` (401 for a valid token) or `up`."""
        self.faults.phase = phase

    def bean(self, target: object) -> Bean:
        """Return what the API exports for an object."""
        return self._exports.bean(target)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = self._respond(request)
        self.requests.add(request.method, request.target, response.status)
        return response

    def _respond(self, request: HttpRequest) -> HttpResponse:
        if self._between is not None:
            self._between(request)
        if not self.faults.alive():
            return DROP
        failure = self.faults.take(request)
        if failure is None:
            return self._guarded(request)
        if failure.delay:
            threading.Event().wait(failure.delay)
        if failure.status == "drop":
            return DROP
        if failure.status == "page":
            return login()
        if isinstance(failure.status, int):
            page = jetty(failure.status, request.path)
            return replace(page, headers=[*page.headers, *failure.headers])
        response = self._guarded(request)
        if failure.status == "cut":
            return replace(response, cut=True)
        return DROP if failure.status == "lose" else response

    def _guarded(self, request: HttpRequest) -> HttpResponse:
        """Return the answer after start-up, login and crumb have been looked at."""
        if self.faults.phase == "starting":
            return starting(request.method)
        caller = self.users.caller(request) if self.faults.phase == "up" else None
        if caller is None:
            return jetty(401, request.path)
        if request.path.startswith(_AGENT_LINE):
            with self._lock:
                return self._perform(
                    RoutedRequest(self, request, caller)
                )  # agents show a secret of their own
        if request.method not in ("GET", "HEAD") and self.users.crumb_missing(caller, request):
            return jetty(403, request.path, "No valid crumb was included in the request")
        call = RoutedRequest(self, request, caller)
        if not caller.user.may(_READ) and not request.path.startswith(_FOR_ALL):
            return forbidden(caller, _READ, request.path)
        with self._deletion(request), self._lock:
            return self._perform(call)

    def _perform(self, call: RoutedRequest) -> HttpResponse:
        self.scheduler.tick()
        self.caller = call.caller.user
        try:
            call.target, rest = walk(self, call.request.segments)
            action = router().find(call.target, rest, call.request.method)
            if isinstance(call.target, StoredView):
                require(call, VIEW_READ, call.target)
            require(call, action.permission, call.target)
            return action.run(call)
        except Refusal as refusal:
            return refusal.response
        except Exception:  # noqa: BLE001 - the client shall see an answer, the developer the trace
            _log.exception("%s %s", call.request.method, call.request.target)
            return jetty(500, call.request.path)
