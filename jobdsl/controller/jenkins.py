"""The operations on a controller, one request per call: the only module that knows Jenkins' addresses.

`client.py` sends the requests, and waits for a controller that starts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from jobdsl.controller.address import split_login
from jobdsl.controller.client import PATIENCE, Asking
from jobdsl.controller.errors import AlreadyExistsError, LastViewError, NotFoundError, NotSignedInError
from jobdsl.errors import ControllerError
from jobdsl.grammar import names
from jobdsl.planning import inventory
from jobdsl.planning.inventory import Existing, Inventory

__all__ = [
    "AlreadyExistsError",
    "Controller",
    "LastViewError",
    "NotFoundError",
    "NotSignedInError",
    "connect",
]

TIMEOUT = (5.0, 120.0)
"""Seconds to connect, and to wait for an answer."""
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def connect(
    url: str,
    user: str | None = None,
    token: str | None = None,
    *,
    threads: int = 8,
    timeout: tuple[float, float] = TIMEOUT,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Controller:
    """Return a controller at `url`; sends no request yet. `token` is an API token or a password.

    A login inside the address is used as `user` and `token`, and is no part of the controller's `url`.

    `threads`: how many of them will use it at once. `patience`: seconds a request may take in all while
    it is down or starts. Raises ControllerError for what is no address.
    """
    url, user, token = split_login(url, user, token)
    if not _is_address(url):
        raise ControllerError(
            f"{url!r} is not a valid controller URL", hint="it looks like https://jenkins.example.com/"
        )
    if (root := _root(url)) != url:
        raise ControllerError(
            f"{url!r} is the address of a page of a controller, not the controller's own", hint=f"use {root}"
        )
    from jobdsl.controller.transport import (
        server_at,  # imported late: it takes a tenth of a second
    )

    server = server_at(url, user, token, threads, timeout)
    return Controller(server, patience=patience, sleep=sleep, clock=clock)


class Controller(Asking):
    """The operations on a controller. Safe to use from several threads.

    Every method raises ControllerError; NotFoundError, AlreadyExistsError, NotSignedInError where that helps.
    """

    # reading

    def tree(self, folder: str, tree: str) -> dict[str, Any]:
        """Return the answer to a tree query for a folder ("" is the top)."""
        return self.json(names.join(names.url_path(folder), "api/json"), tree, f'read "{folder or "/"}"')

    def inventory(self) -> Inventory:
        """Return all items and views, in one request (and one more for each folder six levels down)."""
        with self.understood("read what is there"):
            return inventory.read(self.tree)

    def look(self, kind: str, full_name: str) -> Existing | None:
        """Return one item or view as it is now; None if nothing has exactly that name."""
        query, operation = "name,description,disabled", f'look at "{full_name}"'
        try:
            answer = self.json(f"{_path(kind, full_name)}/api/json", query, operation)
        except NotFoundError:
            return None
        with self.understood(operation):
            existing = inventory.existing(
                "view" if kind == "view" else "item", names.parent(full_name), answer
            )
        return existing if existing.full_name == full_name else None

    def content(self, folder: str) -> list[Existing]:
        """List what a folder holds, without the view that Jenkins creates with it."""
        answer = self.tree(folder, "jobs[name],views[name,description]")
        with self.understood(f'read "{folder}"'):
            views = [inventory.existing("view", folder, view) for view in answer.get("views", ())]
            jobs = [inventory.existing("item", folder, job) for job in answer.get("jobs", ())]
        return [held for held in (*jobs, *views) if not held.is_default_view]

    def config(self, kind: str, full_name: str) -> bytes:
        """Return the stored document. It is never the text that was posted."""
        path = f"{_path(kind, full_name)}/config.xml"
        return self.ask("GET", path, f'read "{full_name}"').body

    def plugins(self) -> dict[str, str]:
        """Return versions of the active plugins by their short names. Needs a permission many users lack."""
        query, operation = "plugins[shortName,version,active]", "list the plugins"
        answer = self.json("pluginManager/api/json", query, operation)
        with self.understood(operation):
            return {
                plugin["shortName"]: plugin["version"]
                for plugin in answer["plugins"]
                if plugin.get("active", True)
            }

    def optional_dependencies(self) -> dict[str, dict[str, str]]:
        """Return the optional dependencies of each active plugin, with the versions it requires."""
        query = "plugins[shortName,active,dependencies[shortName,version,optional]]"
        answer = self.json("pluginManager/api/json", query, operation := "list the plugins")
        with self.understood(operation):
            return {
                plugin["shortName"]: {
                    dependency["shortName"]: dependency["version"]
                    for dependency in plugin.get("dependencies", ())
                    if dependency.get("optional")
                }
                for plugin in answer["plugins"]
                if plugin.get("active", True)
            }

    def labels(self) -> frozenset[str]:
        """Labels the controller's agents have now; the name of an agent is one of them."""
        query, operation = "computer[assignedLabels[name]]", "list the agents"
        answer = self.json("computer/api/json", query, operation)
        with self.understood(operation):
            return frozenset(
                label["name"] for agent in answer["computer"] for label in agent["assignedLabels"]
            )

    def credentials(self, folder: str = "") -> frozenset[str]:
        """Return ids of the credentials in the global domain of the controller, or of a folder."""
        store = f"credentials/store/{'folder' if folder else 'system'}/domain/_/api/json"
        path = names.join(names.url_path(folder), store)
        answer = self.json(path, "credentials[id]", operation := "list the credentials")
        with self.understood(operation):
            return frozenset(entry["id"] for entry in answer["credentials"])

    # changing

    def create(self, kind: str, full_name: str, document: str) -> None:
        """Create an item or view; AlreadyExistsError if something has the name, in any letter case."""
        action = "createView" if kind == "view" else "createItem"
        parent = names.url_path(names.parent(full_name))
        path = names.join(parent, f"{action}?name={quote(names.leaf(full_name), safe='')}")
        self.post(path, f'create "{full_name}"', document.encode(), _XML)

    def update(self, kind: str, full_name: str, document: str) -> None:
        """Replace the document of an item or view; a folder keeps what it holds."""
        path = f"{_path(kind, full_name)}/config.xml"
        self.post(path, f'update "{full_name}"', document.encode(), _XML)

    def delete(self, kind: str, full_name: str) -> None:
        """Delete an item (a folder with all it holds) or view; being gone already is no error."""
        operation = f'delete "{full_name}"'
        try:
            if kind == "view":
                self._delete_view(full_name, operation)
            else:
                self.ask("DELETE", f"{_path(kind, full_name)}/", operation)
        except NotFoundError:
            return

    def _delete_view(self, full_name: str, operation: str) -> None:
        try:
            self.post(f"{_path('view', full_name)}/doDelete", operation)
        except ControllerError as error:
            folder = names.parent(full_name)
            if error.status != 500 or len(self.tree(folder, "views[name]").get("views", ())) > 1:
                raise
            text = f"could not {operation}: it is the only view there, and Jenkins deletes no last view"
            hint = 'define another view in its place, or keep it with removed.views = "ignore"'
            raise LastViewError(text, status=error.status, hint=hint) from None

    def disable(self, full_name: str) -> None:
        """Stop an item from being built. Plain folders ignore it."""
        self.post(f"{names.url_path(full_name)}/disable", f'disable "{full_name}"')

    def enable(self, full_name: str) -> None:
        """The opposite of `disable`."""
        self.post(f"{names.url_path(full_name)}/enable", f'enable "{full_name}"')

    def describe(self, kind: str, full_name: str, description: str) -> None:
        """Set the description alone."""
        body = f"description={quote(description, safe='')}".encode()
        self.post(f"{_path(kind, full_name)}/submitDescription", f'describe "{full_name}"', body, _FORM)

    def move(self, source: str, target: str, via: str = "") -> None:
        """Give an item another name, another folder, or both; its builds go along.

        `via` is the name it has in between, when both change or only letter case does (Jenkins answers that
        the name is in use): a name that is free in its old folder and in its new one.
        """
        folder, target_folder, name = names.parent(source), names.parent(target), names.leaf(target)
        via = via or names.between(source, target)
        if target_folder == folder:
            if names.key(source) == names.key(target):
                source = self._rename(source, via)
        elif name == names.leaf(source):
            return self._relocate(source, target_folder)
        else:
            if via != names.leaf(source):
                source = self._rename(source, via)
            self._relocate(source, target_folder)
            source = names.join(target_folder, via)
        self._rename(source, name)
        return None

    def build(self, full_name: str) -> None:
        """Queue a build, with the default values of its parameters if it has any."""
        path, operation = names.url_path(full_name), f'build "{full_name}"'
        try:
            self.post(f"{path}/build", operation)
        except ControllerError as error:
            if error.status != 400:
                raise
            self.post(f"{path}/buildWithParameters", operation)  # it has parameters

    def _rename(self, full_name: str, name: str) -> str:
        """Its full name afterwards."""
        path = f"{names.url_path(full_name)}/confirmRename?newName={quote(name, safe='')}"
        try:
            self.post(path, f'rename "{full_name}" to "{name}"')
        except ControllerError as error:
            if error.status == 400 and "building" in error.message:
                error.hint = "run again when its build is over: what is not done yet is in the next plan"
            raise
        return names.join(names.parent(full_name), name)

    def _relocate(self, full_name: str, folder: str) -> None:
        """Move an item to another folder. Only the redirect's address shows whether it moved (measured)."""
        operation = f'move "{full_name}" to "{folder or "/"}"'
        body = f"destination={quote('/' + folder, safe='')}".encode()
        answer = self.post(f"{names.url_path(full_name)}/move/move", operation, body, _FORM)
        if urlsplit(answer.headers.get("Location", "")).path.rstrip("/").endswith("/move"):
            raise ControllerError(
                f"could not {operation}: the controller refused",
                status=answer.status,
                hint="the name is taken there, the folder does not exist, or it may not hold such items",
            )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        return False


_PAGE = re.compile(
    r"/(job|view|user|label|blue/organizations)/[^/]"
    r"|/(computer|manage|login|loginError|pluginManager|asynchPeople|blue|script)(/|$)"
    r"|/api/(json|xml|python)(/|$)"
)
"""Where the path of a page of Jenkins begins, below the path it runs under."""


def _root(url: str) -> str:
    """Return the address of the controller a page belongs to; `url` itself where it is no page's."""
    parts = urlsplit(url)
    page = _PAGE.search(parts.path)
    if page is None and not (parts.query or parts.fragment):
        return url
    path = parts.path[: page.start()] if page else parts.path
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/") + "/", "", ""))


def _path(kind: str, full_name: str) -> str:
    if kind == "view":
        return names.view_path(names.parent(full_name), names.leaf(full_name))
    return names.url_path(full_name)
