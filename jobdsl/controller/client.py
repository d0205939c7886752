"""Requests to a controller that may be down or starting, want a crumb, or have a login page before it.

A connection pool of our own, timeouts, and no redirects followed.
A controller that starts refuses connections, answers 503, then for about a second 401 with a valid
token: all are waited out, but for two seconds only while there is no sign of a start. With an API token
no crumb is needed; with a password the crumb and its session are fetched when the controller requires
one (Jenkins 2.568, measured). A proxy that limits requests (429), or that does not reach the controller
behind it (520 to 524, 529), is waited for as long as its `Retry-After` requires.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jobdsl.controller.errors import OVERLOADED, NoAnswerError, refusal
from jobdsl.errors import ControllerError
from jobdsl.planning.inventory import text

if TYPE_CHECKING:
    from jobdsl.controller.answer import Response
    from jobdsl.controller.transport import Server

__all__ = ["PATIENCE", "Asking"]

PATIENCE = 60.0
"""Seconds one request waits, in all, for a controller that is down or starting."""
FIRST_PATIENCE = 2.5
"""The same for a controller that has never answered: a wrong address or token should not take a minute."""
_WAKING = 1.0
"""Seconds between two tries with a token a controller does not accept yet, or at all: few, because
directories lock accounts out."""
_DOWN = (502, 503, 504)
_LONGEST_RETRY_AFTER = 300.0
"""Seconds a request waits, in all, where `Retry-After` is longer than PATIENCE."""


class Asking:
    """One controller. Safe to use from several threads; every method raises ControllerError."""

    def __init__(
        self,
        server: Server,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url: str = server.server
        self.requests = 0
        """Requests sent so far."""
        self.version = ""
        """Jenkins' version, once it has answered."""
        self.session = ""
        """What Jenkins calls the time since its last start (`X-Jenkins-Session`): another after each."""
        self._server = server
        self._patience = patience
        self._sleep, self._clock = sleep, clock
        self._starting = False
        self._given_up = False
        """Whether it was waited for in vain, and nothing has answered since."""
        self._crumb: dict[str, str] = {}
        self._lock = threading.Lock()

    def json(self, path: str, tree: str, operation: str) -> dict[str, Any]:
        """Return the answer to a tree query at a path below the controller's URL. `operation` names it in
        errors.
        """
        response = self.ask("GET", f"{path}?tree={quote(tree, safe=',')}", operation)
        with self.understood(operation):
            answer: dict[str, Any] = response.json()
            text(answer["_class"])
            return answer

    @contextmanager
    def understood(self, operation: str) -> Iterator[None]:
        """Raise ControllerError in this block for an answer that is not of the form of Jenkins' API."""
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ControllerError(
                f"could not {operation}: {self.url} does not answer as a Jenkins",
                hint="is this the address of a Jenkins, and is there a login page in front of it?",
            ) from error

    def post(
        self,
        path: str,
        operation: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> Response:
        """Return the answer to a change, redirects that mean success included.

        `once`: never sent again when no answer came, for what a second time would undo.
        """
        return self.ask("POST", path, operation, body, headers, once=once)

    def ask(
        self,
        method: str,
        path: str,
        operation: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> Response:
        """Return the answer to a request; ControllerError if it is a refusal."""
        crumb, patience = self._crumb, 0.0 if once else self._patience
        response = self._patiently(method, path, operation, body, {**(headers or {}), **crumb}, patience)
        if method != "GET" and response.status == 403 and b"No valid crumb" in response.body:
            crumb = self._new_crumb(crumb)
            response = self._patiently(method, path, operation, body, {**(headers or {}), **crumb}, patience)
        is_form = method != "GET" and "xml" not in (headers or {}).get("Content-Type", "")
        form = f"{self.url.rstrip('/')}/{path}" if is_form else ""
        if error := refusal(response, operation, self._server.user, form=form):
            raise error
        return response

    def page(self, path: str, operation: str) -> Response:
        """Return the answer to a GET of an HTML page, refusals included."""
        return self._patiently("GET", path, operation, None, self._crumb, self._patience)

    def _new_crumb(self, refused: Mapping[str, str]) -> dict[str, str]:
        """Return a crumb other than the one refused; several threads fetch it once."""
        with self._lock:
            if self._crumb == refused:
                self._crumb = {}
                response = self.ask("GET", "crumbIssuer/api/json", operation := "get a crumb")
                with self.understood(operation):
                    answer = response.json()
                    crumb = {text(answer["crumbRequestField"]): text(answer["crumb"])}
                self._crumb = {**crumb, "Cookie": response.cookies}
            return self._crumb

    def _patiently(
        self,
        method: str,
        path: str,
        operation: str,
        body: bytes | None,
        headers: Mapping[str, str],
        longest: float,
    ) -> Response:
        """Return the first answer that does not come from a controller that is down or starting."""
        waited, pause, starting = 0.0, 0.25, self._starting
        while True:
            began = self._clock()
            answer = self._try(method, path, body, headers)
            if not isinstance(answer, NoAnswerError) and self._is_final(answer, starting):
                return answer
            starting |= self._starting
            if answer.status == 401 and not starting:
                pause = _WAKING
            retry_after = 0.0 if isinstance(answer, NoAnswerError) else answer.retry_after
            pause = max(pause, retry_after)
            waited += self._clock() - began + pause
            limit = self._patience_for(answer, starting, longest)
            if waited > (max(limit, _LONGEST_RETRY_AFTER) if limit and retry_after else limit):
                self._given_up = longest > 0
                raise self._trouble(answer, operation)
            self._sleep(pause)
            pause = min(max(pause - retry_after, 0.25) * 2, 5.0)

    def _try(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response | NoAnswerError:
        """Send the request once."""
        self.requests += 1
        try:
            return self._server.exchange(method, path, body, headers)
        except NoAnswerError as error:
            self._starting |= bool(self.version)  # it answered before: it restarts
            return error

    def _patience_for(self, answer: Response | NoAnswerError, starting: bool, longest: float) -> float:
        """Seconds to wait in all after this answer."""
        if self._given_up and answer.status != 401:
            return 0.0
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._patience  # it was not carried out, so it may always be sent again
        return longest if starting or answer.status in OVERLOADED else min(longest, FIRST_PATIENCE)

    def _trouble(self, answer: Response | NoAnswerError, operation: str) -> ControllerError:
        if isinstance(answer, NoAnswerError):
            return ControllerError(f"could not {operation}: {answer}", hint=answer.hint)
        return refusal(answer, operation, self._server.user) or ControllerError(operation)

    def _is_final(self, response: Response, starting: bool) -> bool:
        """Return whether another try would change nothing; remembers whether the controller is starting.

        `starting`: whether it was when this was asked; others may have got in since.
        """
        if response.status in _DOWN:
            self._starting = True
            return False
        if response.status in OVERLOADED:
            return False
        if response.status == 401:
            return bool(self.version) and not (starting or self._starting)
        self._starting = self._given_up = False
        self.version = response.headers.get("X-Jenkins") or self.version or "unknown"
        self.session = response.headers.get("X-Jenkins-Session") or self.session
        return True
