from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError

from delivery import cli
from delivery.cli_options import CommonOptions, place_options
from delivery.clock import FakeClock, HostClock, iso
from delivery.errors import DeliveryError, PolicyError
from jobdsl.errors import Problem

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that does what a function does; gives exit code and stderr."""

    def command(act: Callable[[], Any], *arguments: str) -> tuple[int, str]:
        monkeypatch.setitem(cli.COMMANDS, "act", cli.Row(f"{__name__}:act", "does it"))
        monkeypatch.setitem(sys.modules, __name__, type(sys)(__name__))
        sys.modules[__name__].act = click.command("act")(act)  # type: ignore[attr-defined]
        return cli.run(["act", *arguments]), capsys.readouterr().err

    return command


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_an_error_is_told_with_its_way_out_and_its_exit_code(run: Run) -> None:
    assert run(lambda: 4) == (4, "")
    assert run(lambda: None) == (0, "")
    assert run(raising(DeliveryError("no such image", "bake one", 2))) == (
        2,
        "error: no such image\n  bake one\n",
    )
    code, told = run(raising(KeyboardInterrupt()))
    assert (code, told.strip()) == (130, "interrupted")
    problems = [Problem("not tested", hint="deploy it to test"), Problem("no change request")]
    assert run(raising(PolicyError(problems))) == (
        5,
        "error: not tested\n  deploy it to test\nerror: no change request\n",
    )


def test_an_error_of_aws_nobody_foresaw_is_told_too(run: Run) -> None:
    answer: Any = {"Error": {"Code": "Blocked", "Message": "This account is blocked."}}
    code, told = run(raising(ClientError(answer, "RunInstances")))
    assert (code, told) == (1, "error: calling AWS: Blocked: This account is blocked.\n")
    with pytest.raises(ZeroDivisionError):  # a fault of ours stays one
        run(lambda: 1 / 0)


def test_usage_errors_do_nothing_and_end_with_64(run: Run) -> None:
    assert run(lambda: None, "--nonsense")[0] == 64
    assert cli.run(["atc"]) == 64


def test_a_misspelled_command_is_told_with_what_may_be_meant(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run(lambda: None)
    assert cli.run(["atc"]) == 64
    assert "no such command 'atc', did you mean \"act\"?" in capsys.readouterr().err


def test_the_common_options_reach_the_command(run: Run) -> None:
    seen: list[CommonOptions] = []

    @place_options
    def act(place: CommonOptions) -> None:
        seen.append(place)

    assert run(act, "--account", "live", "--region", "eu-west-1", "--settings", "x.toml")[0] == 0
    (place,) = seen
    assert (place.account_name, place.region_name, str(place.settings_file)) == (
        "live",
        "eu-west-1",
        "x.toml",
    )
    code, told = run(lambda: place.settings)
    assert (code, told) == (1, "x.toml: error: cannot be read: No such file or directory\n")


def test_help_lists_every_command_without_loading_any() -> None:
    code = (
        "import sys; from delivery.cli import run, COMMANDS; run(['--help']);"
        "sys.exit(any(m in sys.modules for m in ('boto3', 'botocore', 'jinja2', 'requests')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for name, row in cli.COMMANDS.items():
        assert f"\n  {name} " in done.stdout
        assert row.about.split()[0] in done.stdout


@pytest.mark.parametrize("rows", [cli.COMMANDS, cli.CLEAN], ids=["delivery", "delivery clean"])
def test_every_row_leads_to_its_command(rows: dict[str, cli.Row]) -> None:
    group = cli.LazyGroup(name="x", rows=rows)
    context = click.Context(group)
    for name in rows:
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name


def test_times_are_told_in_utc_and_a_fake_clock_moves_when_somebody_sleeps() -> None:
    clock, woken = FakeClock(0.0), list[float]()
    clock.woken.append(woken.append)
    clock.sleep(61.0)
    assert (iso(clock.now()), clock.slept, woken) == ("1970-01-01T00:01:01Z", [61.0], [61.0])
    assert HostClock().now() > 1_700_000_000


@pytest.mark.parametrize("module", ["delivery", "dynaslave", "jobdsl"])
def test_commands_are_modules_too(module: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(f"Usage: {module} ")
