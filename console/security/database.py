"""The console's own state, a SQLite file: sessions, logins under way, API tokens, the audit log.

Of every secret only a digest is stored: the file alone gives no access.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from delivery.clock import iso
from delivery.database import connected
from delivery.errors import DeliveryError

from .identity import Identity

__all__ = ["AuditEntry", "Database", "PendingLogin", "TokenRow", "digest"]

_LOGIN_S = 600.0
"""How long a login may take at the provider."""
_PREFIX = "dlv_"
"""Begin of every token, so that scanners of secrets know them."""
_SCHEMA = """
create table if not exists keys (name text primary key, value text not null);
create table if not exists sessions (
    digest text primary key, user text not null, groups text not null, expires real not null);
create table if not exists logins (
    digest text primary key, browser text not null, nonce text not null, verifier text not null,
    next text not null, expires real not null);
create table if not exists tokens (
    digest text primary key, id text not null unique, user text not null, groups text not null,
    name text not null, actions text not null, applications text not null, created real not null,
    expires real not null, used real);
create table if not exists operations (
    key text primary key, at real not null, answer text not null);
create table if not exists audit (
    number integer primary key autoincrement, at text not null, user text not null, source text not null,
    address text not null, event text not null, target text not null, details text not null,
    chain text not null);
create trigger if not exists audit_keep_update before update on audit
    begin select raise(abort, 'the audit log is only appended to'); end;
create trigger if not exists audit_keep_delete before delete on audit
    begin select raise(abort, 'the audit log is only appended to'); end;
"""


def digest(secret: str) -> str:
    """Give the digest under which a random secret is stored; it has 256 bits, so needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


class PendingLogin(NamedTuple):
    """A login that has been sent to the provider."""

    nonce: str
    verifier: str
    next: str


class TokenRow(NamedTuple):
    """A token, without what it is."""

    id: str
    user: str
    name: str
    actions: tuple[str, ...]
    applications: tuple[str, ...]
    created: str
    expires: str
    used: str | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log."""

    number: int
    at: str
    user: str
    source: str
    address: str
    event: str
    target: str
    details: Mapping[str, Any]


class Database:
    """A SQLite file that only its owner may read. DeliveryError if it cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            hint = "[console] state names a file that this user may write"
            raise DeliveryError(f"{file}: {error.strerror}", hint) from error
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
            connection.execute("insert or ignore into keys values ('forms', ?)", (secrets.token_hex(32),))
            (self._form_key,) = connection.execute("select value from keys where name = 'forms'").fetchone()

    # sessions and logins

    def form_token(self, identity: Identity) -> str:
        """Give what a form of a user must send back; no other site can know it."""
        return hashlib.blake2b(
            identity.key.encode(), key=bytes.fromhex(self._form_key), digest_size=24
        ).hexdigest()

    def begin_session(self, user: str, groups: tuple[str, ...], expires: float) -> str:
        """Store a session; gives its secret."""
        secret = secrets.token_urlsafe(32)
        with self._connection() as connection:
            connection.execute(
                "insert into sessions values (?, ?, ?, ?)",
                (digest(secret), user, json.dumps(groups), expires),
            )
        return secret

    def session(self, secret: str, now: float) -> Identity | None:
        """Find whose session a secret opens."""
        row = self._row("select user, groups, expires from sessions where digest = ?", digest(secret))
        if row is None or row[2] <= now:
            return None
        return Identity(row[0], tuple(json.loads(row[1])), "session", digest(secret))

    def end_session(self, secret: str) -> None:
        """Forget a session."""
        with self._connection() as connection:
            connection.execute("delete from sessions where digest = ?", (digest(secret),))

    def begin_login(self, login: PendingLogin, now: float) -> tuple[str, str]:
        """Store a login; gives its state, and the secret of the browser that began it."""
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        values = (digest(state), digest(browser), login.nonce, login.verifier, login.next, now + _LOGIN_S)
        with self._connection() as connection:
            connection.execute("delete from logins where expires <= ?", (now,))
            connection.execute("delete from sessions where expires <= ?", (now,))
            connection.execute("insert into logins values (?, ?, ?, ?, ?, ?)", values)
        return state, browser

    def take_login(self, state: str, browser: str, now: float) -> PendingLogin | None:
        """Find a login by its state, once, and only for the browser that began it."""
        query = (
            "delete from logins where digest = ? and browser = ? and expires > ? "
            "returning nonce, verifier, next"
        )
        with self._connection() as connection:
            row = connection.execute(query, (digest(state), digest(browser), now)).fetchone()
        return None if row is None else PendingLogin(*row)

    # tokens

    def make_token(
        self,
        identity: Identity,
        name: str,
        *,
        expires: float,
        now: float,
        actions: tuple[str, ...] = (),
        applications: tuple[str, ...] = ("*",),
    ) -> str:
        """Store a token; gives its secret, which is stored nowhere."""
        secret = _PREFIX + secrets.token_urlsafe(32)
        values = (
            digest(secret),
            secrets.token_hex(6),
            identity.user,
            json.dumps(identity.groups),
            name,
            json.dumps(actions),
            json.dumps(applications),
            now,
            expires,
        )
        with self._connection() as connection:
            connection.execute("insert into tokens values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)", values)
        return secret

    def token(self, secret: str, now: float) -> Identity | None:
        """Find whose token a secret is."""
        query = "select user, groups, actions, applications, expires, used from tokens where digest = ?"
        row = self._row(query, digest(secret))
        if row is None or row[4] <= now:
            return None
        if row[5] is None or now - row[5] > 60:
            with self._connection() as connection:
                connection.execute("update tokens set used = ? where digest = ?", (now, digest(secret)))
        actions, applications = (tuple(json.loads(row[at])) for at in (2, 3))
        return Identity(row[0], tuple(json.loads(row[1])), "token", digest(secret), actions, applications)

    def tokens(self, user: str) -> list[TokenRow]:
        """List the tokens of a user."""
        query = (
            "select id, user, name, actions, applications, created, expires, used from tokens "
            "where user = ? order by created desc"
        )
        with self._connection() as connection:
            rows = connection.execute(query, (user,)).fetchall()
        return [
            TokenRow(
                id=row[0],
                user=row[1],
                name=row[2],
                actions=tuple(json.loads(row[3])),
                applications=tuple(json.loads(row[4])),
                created=iso(row[5]),
                expires=iso(row[6]),
                used=iso(row[7]) if row[7] is not None else None,
            )
            for row in rows
        ]

    def delete_token(self, user: str, id: str) -> bool:
        """Forget a token of a user; False if they have none of that id."""
        with self._connection() as connection:
            done = connection.execute("delete from tokens where user = ? and id = ?", (user, id))
        return done.rowcount > 0

    # operations

    def operation(self, key: str) -> dict[str, Any] | None:
        """Give the answer to a request that was sent before under the same key."""
        row = self._row("select answer from operations where key = ?", key)
        return None if row is None else dict(json.loads(row[0]))

    def claim_operation(self, key: str, now: float) -> bool:
        """Note that a request is being carried out; False if one of that key was already."""
        with self._connection() as connection:
            done = connection.execute("insert or ignore into operations values (?, ?, '{}')", (key, now))
        return done.rowcount > 0

    def finish_operation(self, key: str, answer: Mapping[str, Any]) -> None:
        """Store the answer to a request."""
        with self._connection() as connection:
            connection.execute("update operations set answer = ? where key = ?", (json.dumps(answer), key))

    def forget_operation(self, key: str) -> None:
        """Let a request that failed be sent again."""
        with self._connection() as connection:
            connection.execute("delete from operations where key = ?", (key,))

    # audit

    def audit(
        self, identity: Identity, event: str, target: str, *, address: str, now: float, **details: Any
    ) -> None:
        """Append to the audit log."""
        values = (
            iso(now),
            identity.user,
            identity.source,
            address,
            event,
            target,
            json.dumps(details, sort_keys=True),
        )
        with self._connection() as connection:
            connection.execute("begin immediate")
            row = connection.execute("select chain from audit order by number desc limit 1").fetchone()
            chain = _chained(row[0] if row else "", values)
            connection.execute(
                "insert into audit (at, user, source, address, event, target, details, chain) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, chain),
            )

    def audit_entries(self, limit: int, before: int | None = None, text: str = "") -> list[AuditEntry]:
        """Give the newest entries, before a number, that contain a text."""
        query = (
            "select number, at, user, source, address, event, target, details from audit where number < ? "
            "and instr(lower(user || ' ' || event || ' ' || target || ' ' || details), lower(?)) "
            "order by number desc limit ?"
        )
        with self._connection() as connection:
            rows = connection.execute(query, (before or 1 << 60, text, limit)).fetchall()
        names = ("number", "at", "user", "source", "address", "event", "target", "details")
        return [
            AuditEntry(**dict(zip(names, row, strict=True)) | {"details": json.loads(row[-1])})
            for row in rows
        ]

    def audit_is_whole(self) -> bool:
        """Return whether each entry still fits the one before: none was changed or taken out."""
        chain = ""
        query = "select at, user, source, address, event, target, details, chain from audit order by number"
        with self._connection() as connection:
            for row in connection.execute(query):
                chain = _chained(chain, row[:7])
                if chain != row[7]:
                    return False
        return True

    def _row(self, query: str, value: str) -> Any:
        with self._connection() as connection:
            return connection.execute(query, (value,)).fetchone()

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return connected(self._file, "[console] state")


def _chained(before: str, values: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps([before, *values]).encode()).hexdigest()
