"""Reads `delivery.toml`: every mistake with its line, and mistakes across keys."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from delivery import names
from delivery.errors import SettingsError
from delivery.settings.analysis import read_analysis
from delivery.settings.console import read_console
from delivery.settings.model import (
    ALTERNATIVES,
    FILE,
    LAUNCH_KEYS,
    NONE,
    Account,
    App,
    Bake,
    DeliverySettings,
    Deploy,
    HistorySettings,
    Layer,
    LockSettings,
)
from delivery.settings.notify import NotifySettings, read_notify
from delivery.settings.setup import MOST_CONDITIONS, AccountSetup
from delivery.wave_targets import parse_target
from jobdsl.errors import EstateError, Problem, Where, suggestion
from jobdsl.exit_codes import WRONG_USAGE
from jobdsl.settings.tomlread import Reader

__all__ = ["load_settings", "loads", "overridden"]

_LISTS = ("subnets", "security_groups", "instance_types")
"""Keys of several texts, which an option may separate by commas."""


def load_settings(path: Path | None = None) -> DeliverySettings:
    """Read a file, that of `DELIVERY_SETTINGS`, or `./delivery.toml`; without one, take the defaults.

    SettingsError with everything that is wrong in it.
    """
    named = path or (Path(os.environ["DELIVERY_SETTINGS"]) if os.environ.get("DELIVERY_SETTINGS") else None)
    if named is None and not Path(FILE).is_file():
        return DeliverySettings()
    file = named or Path(FILE)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([Problem(f"cannot be read: {reason}", where=Where(str(file), 0))]) from error
    return loads(text, str(file))


def loads(text: str, file: str = FILE) -> DeliverySettings:
    """Parse the settings in a file's text. SettingsError with every error in it, each with its line."""
    try:
        reader = Reader(text, file)
        settings = _read(reader)
        reader.finish()
    except EstateError as error:
        raise SettingsError(error.problems) from error
    return settings


def _read(reader: Reader) -> DeliverySettings:
    document = reader.document
    reader.known(
        document,
        [
            "accounts",
            "defaults",
            "apps",
            "clusters",
            "bake",
            "lock",
            "history",
            "console",
            "analysis",
            "notify",
        ],
    )
    layers: dict[tuple[str, str], Layer] = {
        ("defaults", ""): _layer(reader, document.get("defaults", {}), ("defaults",))
    }
    accounts = {}
    for name, table in _tables(reader, "accounts"):
        plain = dict(table)
        layers["accounts", name] = _layer(reader, plain.pop("defaults", {}), ("accounts", name, "defaults"))
        setup = reader.table(AccountSetup, plain.pop("setup", {}), ("accounts", name, "setup"))
        accounts[name] = reader.table(Account, plain, ("accounts", name), name=name, setup=setup)
    apps = {}
    for name, table in _tables(reader, "apps"):
        _one_of(reader, table, ("apps", name))
        apps[name] = reader.table(App, table, ("apps", name))
        layers["apps", name] = _said(_located(reader, apps[name]), table)
        _named(reader, ("apps", name), names.cluster)
    for name, table in _tables(reader, "clusters"):
        _named(reader, ("clusters", name), names.parse_cluster)
        layers["clusters", name] = _layer(reader, table, ("clusters", name))
    bake = reader.table(Bake, document.get("bake", {}), ("bake",))
    lock = reader.table(LockSettings, document.get("lock", {}), ("lock",))
    history = _history(reader)
    analysis = read_analysis(reader, document["analysis"], ("analysis",)) if "analysis" in document else None
    settings = DeliverySettings(
        accounts=accounts,
        apps=apps,
        bake=bake,
        lock=lock,
        history=history,
        layers=layers,
        console=read_console(reader),
        analysis=analysis,
        notify=read_notify(reader),
    )
    _cross_checks(reader, settings)
    return settings


def _history(reader: Reader) -> HistorySettings:
    """Read `[history]`; a path in it begins at the directory of the file."""
    history = reader.table(HistorySettings, reader.document.get("history", {}), ("history",))
    if history.file is None:
        return history
    if ("history", "table") in reader:
        reader.error(("history", "file"), "history has table and file", "one of them is enough")
    return replace(history, file=str(Path(reader.file).parent / Path(history.file).expanduser()))


def _tables(reader: Reader, name: str) -> list[tuple[str, Mapping[str, Any]]]:
    table = reader.mapping(reader.document.get(name, {}), (name,))
    return [(key, reader.mapping(table, (name, key))) for key, table in table.items()]


def _named(reader: Reader, path: tuple[str, str], parse: Callable[[str], object]) -> None:
    """Check a name: settings under an invalid one would never be used."""
    try:
        parse(path[1])
    except names.NameProblem as problem:
        reader.error(path, f"{'.'.join(path)}: {problem.message}", problem.hint)


def _layer(reader: Reader, value: object, path: tuple[str, ...]) -> Layer:
    table = reader.mapping(value, path)
    _one_of(reader, table, path)
    return _said(_located(reader, reader.table(Deploy, table, path)), table)


def _one_of(reader: Reader, table: Mapping[str, Any], path: tuple[str, ...]) -> None:
    if all(name in table for name in ALTERNATIVES):
        both = " and ".join(ALTERNATIVES)
        reader.error((*path, ALTERNATIVES[1]), f"{'.'.join(path)} has {both}", "one of them is enough")


def overridden(deploy: Deploy, options: Sequence[str]) -> Deploy:
    """Change what a group is made of by options: each `KEY=VALUE`, a value as in TOML or as plain text.

    Raises:
        SettingsError: everything that is wrong in them.
    """
    lines = [_toml_line(option) for option in options]
    reader = Reader("\n".join(lines), "--set")
    _one_of(reader, reader.document, ("--set",))
    reader.known(reader.document, LAUNCH_KEYS)
    known = {name: value for name, value in reader.document.items() if name in LAUNCH_KEYS}
    layer = _said(reader.table(Deploy, known, ()), known)
    try:
        reader.finish()
    except EstateError as error:
        raise SettingsError(error.problems, WRONG_USAGE) from error
    dropped = ALTERNATIVES if any(name in layer for name in ALTERNATIVES) else ()
    return replace(deploy, **{**dict.fromkeys(dropped, None), **layer})


def _toml_line(option: str) -> str:
    """Write one option as a line of TOML; text without quotes is a text, or a list if the key takes one."""
    name, equals, text = (part.strip() for part in option.partition("="))
    if not equals:
        raise SettingsError([Problem(f"--set {option}: no value", hint="--set KEY=VALUE")], WRONG_USAGE)
    if not name.isidentifier():
        raise SettingsError([Problem(f"--set {option}: no key", hint="--set KEY=VALUE")], WRONG_USAGE)
    if name == "user_data" and text.startswith("@"):
        try:
            return f"{name} = {json.dumps(Path(text[1:]).read_text('utf-8'))}"
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError([Problem(f"--set {option}: cannot be read: {error}")], WRONG_USAGE) from error
    try:
        tomllib.loads(f"{name} = {text}")
    except tomllib.TOMLDecodeError:
        several = name in _LISTS
        return f"{name} = {json.dumps(text.split(',') if several else text)}"
    return f"{name} = {text}"


def _located(reader: Reader, read: Deploy) -> Deploy:
    """Return it with the files it names from the directory of the settings on."""
    directory = Path(reader.file).parent
    if read.analysis not in (None, NONE):
        read = replace(read, analysis=str(directory / Path(str(read.analysis)).expanduser()))
    if read.freeze is not None and read.freeze != NONE and "://" not in read.freeze:
        read = replace(read, freeze=str(directory / Path(read.freeze).expanduser()))
    return read


def _said(read: Deploy, table: Mapping[str, Any]) -> Layer:
    return {field.name: getattr(read, field.name) for field in fields(Deploy) if field.name in table}


def _cross_checks(reader: Reader, settings: DeliverySettings) -> None:
    """Find mistakes across keys."""
    for name, account in settings.accounts.items():
        _check_account(reader, settings, name, account)
    for recipient in settings.notify:
        _check_recipient(reader, settings, recipient)
    for name, app in settings.apps.items():
        _check_app_setup(reader, name, app)
        for account_name in app.accounts or ():
            _known(reader, account_name, settings, ("apps", name, "accounts"))
    for shared in settings.bake.share:
        if not re.fullmatch(r"[0-9]{12}", shared):
            _known(reader, shared, settings, ("bake", "share"))
    for key, layer in settings.layers.items():
        _check_layer(reader, settings, key, layer)
    if settings.bake.account is not None:
        _known(reader, settings.bake.account, settings, ("bake", "account"))


def _check_recipient(reader: Reader, settings: DeliverySettings, recipient: NotifySettings) -> None:
    """Check the accounts of which a recipient is informed."""
    for account in recipient.accounts:
        if not any(letter in account for letter in "*?["):
            _known(reader, account, settings, ("notify", recipient.name, "accounts"))


def _check_layer(reader: Reader, settings: DeliverySettings, key: tuple[str, str], layer: Layer) -> None:
    """Check the waves and the tier of the settings of an account, application or cluster."""
    path = tuple(filter(None, key if key[0] != "accounts" else (*key, "defaults")))
    for target in (target for wave in layer.get("waves", ()) for target in wave):
        _check_target(reader, settings, target, (*path, "waves"))
    if settings.lock.table == NONE and "tier" in layer:
        reader.error(
            (*path, "tier"), f"{'.'.join(path)} has a tier, and [lock] no table to keep it in",
            'table = "delivery-locks" in [lock]',
        )  # fmt: skip


def _check_target(reader: Reader, settings: DeliverySettings, text: str, path: tuple[str, ...]) -> None:
    """Check the account and the region of a place of a wave."""
    target = parse_target(text, settings.accounts)
    if target.account and target.account not in settings.accounts:
        _known(reader, target.account, settings, path)
    elif target.account and target.region:
        regions = settings.accounts[target.account].regions
        if regions and target.region not in regions:
            hint = f"its regions are {', '.join(regions)}"
            reader.error(path, f"account {target.account} is not used in {target.region}", hint, word=text)


def _check_account(reader: Reader, settings: DeliverySettings, name: str, account: Account) -> None:
    path = ("accounts", name)
    if account.tested_in == name:
        reader.error((*path, "tested_in"), f"accounts.{name}.tested_in names the account itself")
    elif account.tested_in not in (None, NONE):
        _known(reader, str(account.tested_in), settings, (*path, "tested_in"))
    elif account.production and account.tested_in is None and len(settings.testing) != 1:
        hint = f'tested_in = "NAME", or tested_in = "{NONE}" where images need not have run elsewhere'
        reader.error(path, f"accounts.{name} is production and needs tested_in", hint)
    if account.change_request_url and account.change_pattern is None:
        hint = 'set change_request = "CHG[0-9]+", the pattern of change requests'
        reader.error((*path, "change_request_url"), f"accounts.{name} needs no change request", hint)


def _known(reader: Reader, name: str, settings: DeliverySettings, path: tuple[str, ...]) -> None:
    known = settings.accounts
    if name not in known:
        hint = suggestion(name, known) or (f"known are {', '.join(known)}" if known else "[accounts.NAME]")
        reader.error(path, f"{'.'.join(path)}: there is no account {name!r}", hint, word=name)


def _check_app_setup(reader: Reader, name: str, app: App) -> None:
    """Check what no single key of `[apps.NAME]` shows."""
    if app.port is None:
        for key in ("hosts", "paths", "priority", "error_percent", "policies"):
            if getattr(app, key):
                reader.error(
                    ("apps", name, key), f"apps.{name}.{key} has no effect without port", "port = 8080"
                )
    if len(app.hosts) + len(app.paths) > MOST_CONDITIONS:
        count = len(app.hosts) + len(app.paths)
        reader.error(
            ("apps", name, "paths"),
            f"apps.{name} has {count} hosts and paths; a rule takes {MOST_CONDITIONS}",
            "fewer, or patterns such as *.example.com",
        )  # fmt: skip
