"""What all commands of the three programs have in common: exit codes, options, JSON."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from delivery import cli as delivery_cli
from dynaslave.cli import main as dynaslave_main
from jobdsl.cli import exit_codes
from jobdsl.cli import main as jobdsl_main
from jobdsl.cli.console import say_json
from jobdsl.errors import JobdslError
from jobdsl.exit_codes import CODES, FAILED, INTERRUPTED, WRONG_USAGE

PROGRAMS: dict[str, tuple[click.Command, Callable[[list[str]], int]]] = {
    "delivery": (delivery_cli.cli, delivery_cli.run),
    "dynaslave": (dynaslave_main.cli, dynaslave_main.run),
    "jobdsl": (jobdsl_main.cli, jobdsl_main.run),
}
DIFFERENT = {
    "--account": "of one run, or the only one to read",
    "--app": "of an image, or the only one to list",
    "--bucket": "that packages are uploaded to, or read from",
    "--change-request": "of a bake, or of a deploy",
    "--cluster": "of one deploy, or the only one to list or clean",
    "--days": "of images, or of a history",
    "--html": "of a plan, or of an analysis",
    "--image": "that is deployed, or that agents start from",
    "--instance-profile": "of a bake, or of agents",
    "--instance-type": "of a bake, or of agents",
    "--json": "of what the command prints",
    "--keep-failed": "a bake keeps everything, a deploy keeps instances for some hours",
    "--limit": "of elements, runs, images or groups",
    "--name": "of what the command is about",
    "--only": "of what is planned, or of what is read from a controller",
    "--out": "a directory, or a file",
    "--poll": "the seed's schedule, and seconds of a bake",
    "--reason": "of a rollback, or of a drain",
    "--region": "of one run, or the only one to read",
    "--report": "a file of the import, a directory of runs, files of a judgement",
    "--root-volume-gb": "of a bake, or of agents",
    "--security-group": "of a bake, or of agents",
    "--subnet": "of a bake, or of agents",
    "--tag": "of the image that is made, or of those that are considered",
    "--yes": "a deploy asks in production only",
}
"""Options that mean something else, or are described otherwise, in another command."""


def leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from leaves(below, (*path, name))
    else:
        yield path, command


COMMANDS = dict(entry for name, (root, _) in PROGRAMS.items() for entry in leaves(root, (name,)))


def run(path: tuple[str, ...], *arguments: str) -> int:
    return PROGRAMS[path[0]][1]([*path[1:], *arguments])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_wrong_options_end_alike_and_are_explained_on_stderr(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(path, "--nonsense") == WRONG_USAGE
    said = capsys.readouterr()
    assert (said.out, "--nonsense" in said.err) == ("", True)
    assert run(path, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: {' '.join(path)} ")
    if any(parameter.required for parameter in COMMANDS[path].params):
        assert run(path) == WRONG_USAGE


@pytest.mark.parametrize("program", PROGRAMS)
def test_unknown_commands_end_alike(program: str) -> None:
    assert PROGRAMS[program][1](["nonsense"]) == WRONG_USAGE
    assert PROGRAMS[program][1](["--version"]) == 0


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), INTERRUPTED), (JobdslError("broken"), FAILED), (BrokenPipeError(), FAILED)],
)
def test_interrupts_and_errors_end_alike(
    path: tuple[str, ...], error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_context: click.Context) -> None:
        raise error

    monkeypatch.setattr(COMMANDS[path], "invoke", raising)
    monkeypatch.setattr(COMMANDS[path], "parse_args", lambda *_: [])
    assert run(path) == code


DELIVERY = ("--settings", "SETTINGS")
READERS = (
    ("jobdsl", "lint", "ESTATE"),
    ("jobdsl", "plan", "ESTATE"),
    ("jobdsl", "render", "ESTATE", "--out", "OUT"),
    ("jobdsl", "stats", "ESTATE"),
    ("dynaslave", "once", "ESTATE", "--dry-run"),
    ("dynaslave", "status", "ESTATE"),
    ("delivery", "list", *DELIVERY),
    ("delivery", "plan", *DELIVERY, "--app", "a", "--cluster", "a", "--image", "ami-12345678"),
    ("delivery", "bake", *DELIVERY, "--package", "a_1_all.deb", "--base", "ami-12345678"),
    ("delivery", "status", *DELIVERY, "--cluster", "a"),
    ("delivery", "clean", "amis", *DELIVERY),
    ("delivery", "web", *DELIVERY),
)
"""Commands that read a settings file before all else."""
WRONG_SETTINGS = {
    "unknown-table": b"[nonsense]\na = 1\n",
    "no-toml": b"[accounts\n",
    "no-utf-8": b'a = "\xff"\n',
    "wrong-type": b"accounts = 3\nseed = 3\n",
}


@pytest.mark.parametrize("content", WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
@pytest.mark.parametrize("command", READERS, ids=lambda words: " ".join(words[:2]))
def test_wrong_settings_end_alike(
    command: tuple[str, ...],
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("jobdsl.toml", "delivery.toml"):
        (tmp_path / file).write_bytes(content)
    places = {"ESTATE": ".", "SETTINGS": "delivery.toml", "OUT": "out"}
    program, *words = (places.get(word, word) for word in command)
    assert PROGRAMS[program][1](words) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(r"^(jobdsl|delivery)\.toml(:\d+)?: ", printed.err, re.MULTILINE)


@pytest.mark.parametrize(
    "command",
    [
        ("jobdsl", "import", "x.xml", "--only", "a*", "--out", "out"),
        ("dynaslave", "run", "--web", "nowhere"),
        ("delivery", "web", "--listen", "nowhere"),
        ("delivery", "rollback", "--cluster", "a", "--cancel", "--to", "a-v001"),
        ("delivery", "judge", "series.json", "--report", "report.pdf"),
        ("delivery", "judge", "series.json", "--pass-score", "50"),
        ("delivery", "bake", "--package", "a_1_all.deb", "--base", "ami-12345678", "--tag", "novalue"),
        ("delivery", "bake", "--package", "a_1_all.deb"),
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense_end_like_unknown_ones(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("series.json", "x.xml", "a_1_all.deb"):
        (tmp_path / file).write_text("{}")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("JENKINS_URL", "http://127.0.0.1:9")
    assert PROGRAMS[command[0]][1](list(command[1:])) == WRONG_USAGE


@pytest.mark.parametrize(
    "command",
    [
        ("jobdsl", "show", "deplyo", "."),
        ("delivery", "list", "--account", "prodution"),
        ("delivery", "list", "--region", "eu-west-9"),
        ("delivery", "show", "web-v001", "--account", "prodution"),
        ("delivery", "history", "web-v001"),
        ("delivery", "status", "--cluster", "web", "--account", "prodution"),
        ("delivery", "clean", "amis", "--account", "prodution"),
        ("delivery", "setup", "app", "--app", "wbe"),
    ],
    ids=" ".join,
)
def test_names_that_do_not_exist_end_alike(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text('from jobdsl import freestyle\n\nfreestyle("deploy")\n')
    (tmp_path / "delivery.toml").write_text(
        '[accounts.production]\nregions = ["eu-west-1"]\n[apps.web]\n[apps.api]\n'
    )
    assert PROGRAMS[command[0]][1](list(command[1:])) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search("did you mean|its cluster is web|known are|regions are", printed.err)


@pytest.mark.parametrize("program", PROGRAMS)
def test_json_is_written_by_one_function(program: str) -> None:
    """Commands print JSON by `say_json`, which escapes what a terminal would act on."""
    printing = re.compile(r"\b(?:say|echo|stdout\.write)\((?:text=)?(?:json\.dumps|json_text)\(")
    folder = Path(__file__).parents[2] / program
    modules = [path for path in folder.rglob("*.py") if path.name != "console.py"]
    assert any("say_json(" in path.read_text("utf-8") for path in modules)
    assert [str(path) for path in modules if printing.search(path.read_text("utf-8"))] == []


def test_an_option_of_a_name_is_the_same_everywhere() -> None:
    forms: dict[str, dict[tuple[Any, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, command in COMMANDS.items():
        for option in command.params:
            if isinstance(option, click.Option):
                form = (option.type.name, option.multiple, option.is_flag, option.help)
                forms[option.opts[0]][form].append(" ".join(path))
    differing = {name for name, by_form in forms.items() if len(by_form) > 1}
    assert set(DIFFERENT) - differing == set()
    assert differing - set(DIFFERENT) == set(), {
        name: dict(forms[name]) for name in differing - set(DIFFERENT)
    }


def test_every_flag_of_json_is_called_alike() -> None:
    flags = [
        option
        for command in COMMANDS.values()
        for option in command.params
        if isinstance(option, click.Option) and "--json" in option.opts
    ]
    assert len(flags) >= 15
    assert {(option.name, option.is_flag) for option in flags} == {("as_json", True)}


def test_json_is_printed_for_programs_and_for_eyes(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"name": "grün", "hidden": "\u202e", "list": [1]})
    printed = capsys.readouterr().out
    assert printed.endswith("}\n")
    assert '\n  "name": "grün"' in printed
    assert "\\u202e" in printed
    assert json.loads(printed) == {"name": "grün", "hidden": "\u202e", "list": [1]}


def test_every_code_is_in_the_table() -> None:
    from delivery import errors

    codes = {one.code for one in CODES}
    named = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert named <= codes
    assert {FAILED, INTERRUPTED, WRONG_USAGE} <= codes
    assert exit_codes.run(click.Command("x", callback=lambda: 4), "x", []) == 4
