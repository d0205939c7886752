"""The command `delivery judge`."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from delivery.errors import FAILED, ROLLED_BACK, WAITING, DeliveryError
from jobdsl.cli.console import say_json
from jobdsl.exit_codes import WRONG_USAGE

__all__ = ["judge"]

_EXIT_CODES = {"pass": 0, "marginal": WAITING, "fail": ROLLED_BACK}
_FORMATS = {".html": "html", ".json": "json", ".md": "markdown"}


@click.command("judge")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print the judgement as JSON.")
@click.option(
    "--pass-score",
    default=95.0,
    show_default=True,
    type=click.FloatRange(0, 100),
    help="Minimum score of a canary that passes.",
)
@click.option(
    "--marginal-score",
    default=75.0,
    show_default=True,
    type=click.FloatRange(0, 100),
    help="Minimum score of a canary that is undecided instead of failed.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="File for a report: .html with charts, .md or .json. May be given several times.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 3 if the canary fails, 4 if it is undecided.")
def judge(
    file: BinaryIO,
    as_json: bool,
    pass_score: float,
    marginal_score: float,
    report: tuple[Path, ...],
    exit_code: bool,
) -> int:
    """Judge saved series of a canary and its baseline.

    FILE is JSON: see docs/canary-analysis.md; - is standard input.
    """
    from delivery.analysis import document, reports
    from delivery.analysis.model import Thresholds

    if marginal_score > pass_score:
        raise DeliveryError(
            f"--marginal-score {marginal_score:g} is above --pass-score {pass_score:g}",
            hint="a canary that passes would be undecided",
            exit_code=WRONG_USAGE,
        )
    unknown = [str(path) for path in report if path.suffix not in _FORMATS]
    if unknown:
        raise DeliveryError(
            f"--report {', '.join(unknown)}: unknown format",
            hint=f"one of {', '.join(_FORMATS)}",
            exit_code=WRONG_USAGE,
        )
    text = _text(file)
    series = document.read(text, file.name)
    thresholds = Thresholds(passing=pass_score, marginal=marginal_score)
    from delivery.analysis import score

    judgement = score.judge(series.metrics, series.weights, thresholds)
    texts = reports.Texts(judgement, series.metrics, thresholds)
    for path in report:
        _write(path, texts.of(_FORMATS[path.suffix]))
    if as_json:
        say_json(reports.as_json(judgement))
    else:
        click.echo(texts.of("text"))
    return _EXIT_CODES[judgement.verdict] if exit_code else 0


def _text(file: BinaryIO) -> str:
    from delivery.analysis.document import MAXIMUM_BYTES

    content = file.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise DeliveryError(f"{file.name}: larger than {MAXIMUM_BYTES // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeliveryError(f"{file.name}: not UTF-8 at byte {error.start}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be written: {error.strerror}", exit_code=FAILED) from None
