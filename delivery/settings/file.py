"""Reads `delivery.toml`: every mistake with its line, and what no single key can tell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from delivery import names
from delivery.errors import SettingsError
from delivery.settings.model import FILE, NONE, Account, App, Bake, Deploy, Layer, Lock, Settings
from jobdsl.errors import EstateError, Problem, Where, suggestion
from jobdsl.settings.tomlread import Reader

__all__ = ["load_settings", "loads"]


def load_settings(path: Path | None = None) -> Settings:
    """The file that is named, that `DELIVERY_SETTINGS` names, `./delivery.toml`, or else the defaults.

    SettingsError with everything that is wrong in it.
    """
    named = path or (Path(os.environ["DELIVERY_SETTINGS"]) if os.environ.get("DELIVERY_SETTINGS") else None)
    if named is None and not Path(FILE).is_file():
        return Settings()
    file = named or Path(FILE)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SettingsError([Problem(f"cannot be read: {reason}", where=Where(str(file), 0))]) from error
    return loads(text, str(file))


def loads(text: str, file: str = FILE) -> Settings:
    """The settings in a file's text; SettingsError with every error in it, each with its line."""
    try:
        reader = Reader(text, file)
        settings = _read(reader)
        reader.finish()
    except EstateError as error:
        raise SettingsError(error.problems) from error
    return settings


def _read(reader: Reader) -> Settings:
    document = reader.document
    reader.known(document, ["accounts", "defaults", "apps", "clusters", "bake", "lock"])
    layers: dict[tuple[str, str], Layer] = {
        ("defaults", ""): _layer(reader, document.get("defaults", {}), ("defaults",))
    }
    accounts = {}
    for name, table in _tables(reader, "accounts"):
        plain = dict(table)
        layers["accounts", name] = _layer(reader, plain.pop("defaults", {}), ("accounts", name, "defaults"))
        accounts[name] = reader.table(Account, plain, ("accounts", name), name=name)
    apps = {}
    for name, table in _tables(reader, "apps"):
        apps[name] = reader.table(App, table, ("apps", name))
        layers["apps", name] = _said(apps[name], table)
        _named(reader, ("apps", name), names.cluster)
    for name, table in _tables(reader, "clusters"):
        _named(reader, ("clusters", name), names.parse_cluster)
        layers["clusters", name] = _layer(reader, table, ("clusters", name))
    bake = reader.table(Bake, document.get("bake", {}), ("bake",))
    lock = reader.table(Lock, document.get("lock", {}), ("lock",))
    settings = Settings(accounts, apps, bake, lock, layers)
    _cross_checks(reader, settings)
    return settings


def _tables(reader: Reader, name: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = reader.mapping(reader.document.get(name, {}), (name,))
    return [(key, reader.mapping(table, (name, key))) for key, table in found.items()]


def _named(reader: Reader, path: tuple[str, str], parse: Callable[[str], object]) -> None:
    """Nothing would ever be looked up under a name that cannot be."""
    try:
        parse(path[1])
    except names.NameProblem as problem:
        reader.error(path, f"{'.'.join(path)}: {problem.message}", problem.hint)


def _layer(reader: Reader, value: object, path: tuple[str, ...]) -> Layer:
    table = reader.mapping(value, path)
    return _said(reader.table(Deploy, table, path), table)


def _said(read: Deploy, table: Mapping[str, Any]) -> Layer:
    return {one.name: getattr(read, one.name) for one in fields(Deploy) if one.name in table}


def _cross_checks(reader: Reader, settings: Settings) -> None:
    """What no single key can tell."""
    for name, account in settings.accounts.items():
        _check_account(reader, settings, name, account)
    for name, app in settings.apps.items():
        for one in app.accounts or ():
            _known(reader, one, settings, ("apps", name, "accounts"))
    for one in settings.bake.share:
        if not re.fullmatch(r"[0-9]{12}", one):
            _known(reader, one, settings, ("bake", "share"))
    if settings.bake.account is not None:
        _known(reader, settings.bake.account, settings, ("bake", "account"))


def _check_account(reader: Reader, settings: Settings, name: str, account: Account) -> None:
    path = ("accounts", name)
    if account.tested_in == name:
        reader.error((*path, "tested_in"), f"accounts.{name}.tested_in names the account itself")
    elif account.tested_in not in (None, NONE):
        _known(reader, str(account.tested_in), settings, (*path, "tested_in"))
    elif account.production and account.tested_in is None and len(settings.testing) != 1:
        hint = f'tested_in = "NAME", or tested_in = "{NONE}" where images need not have run elsewhere'
        reader.error(path, f"accounts.{name} is production: where must its images have run before?", hint)
    if account.change_request_url and account.change_pattern is None:
        hint = 'change_request = "CHG[0-9]+" says what one looks like'
        reader.error((*path, "change_request_url"), f"accounts.{name} needs no change request", hint)


def _known(reader: Reader, name: str, settings: Settings, path: tuple[str, ...]) -> None:
    known = settings.accounts
    if name not in known:
        hint = suggestion(name, known) or (f"known are {', '.join(known)}" if known else "[accounts.NAME]")
        reader.error(path, f"{'.'.join(path)}: there is no account {name!r}", hint, word=name)
