"""From the YAML of Jenkins Job Builder to DSL source: `convert_files`.

Templates become functions, macros functions that return parts, groups functions that call templates, and
projects calls and loops. The estate is loaded and rendered, and each job compared with what the modules of
Jenkins Job Builder make of the YAML.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobdsl.convert.builder_settings import BuilderSettings
from jobdsl.convert.estate import ConvertedEstate
from jobdsl.convert.exchange import YamlProblem
from jobdsl.convert.reader import read, yaml_files
from jobdsl.errors import JobdslError
from jobdsl.printable import one_line

__all__ = ["ConversionResult", "convert_files"]


@dataclass(frozen=True, slots=True)
class ConversionResult:
    """What became of the files."""

    jobs: int
    """Jobs and views that the estate makes equal."""
    plain: int
    """Those of them that are written out, without their template."""
    functions: int
    findings: tuple[YamlProblem, ...]
    """What could not be converted."""
    secrets_file: Path | None
    estate: ConvertedEstate


def convert_files(
    paths: Sequence[Path],
    out: Path,
    *,
    settings: BuilderSettings | None = None,
    force: bool = False,
    echo: Callable[[str], None] = print,
) -> ConversionResult:
    """Write the projects in YAML files as an estate to `out`.

    Args:
        paths: Files, and directories whose files are read with those below.
        out: A new or empty directory.
        settings: Further directories that files are included from, and whether variables may be missing.
        force: Write into a directory that is not empty.
        echo: Takes each line of the report.

    Raises JobdslError where nothing can be read or written.
    """
    settings = settings or BuilderSettings()
    if out.exists() and not out.is_dir():
        raise JobdslError(f"{out} is a file", hint="--out takes a directory")
    if out.is_dir() and not force and any(not path.name.startswith(".") for path in out.iterdir()):
        raise JobdslError(f"{out} is not empty", hint="name a new directory, or use --force")
    directories = [path if path.is_dir() else path.parent for path in paths]
    roots = [path.resolve() for path in (Path.cwd(), *directories, *settings.include)]
    files, findings = yaml_files(paths, [path.resolve() for path in (*directories, *settings.include)])
    if not files:
        raise JobdslError("there are no YAML files", hint="they are named *.yaml or *.yml")
    reading = read(files, settings, roots)
    base = Path(os.path.commonpath([path.parent for path in files]))
    estate = ConvertedEstate(reading, out, base)
    if estate.rows or estate.definitions:
        estate.write()
    rows = [job for job in estate.rows if job.imported.equal]
    result = ConversionResult(
        jobs=len(rows),
        plain=sum(job.is_plain and "=" not in job.row.definition for job in rows),
        functions=len([key for key in estate.functions if "=" not in key]),
        findings=(*findings, *reading.findings, *estate.findings),
        secrets_file=estate.secrets_file if estate.secrets.values else None,
        estate=estate,
    )
    for finding in result.findings:
        echo(_located(finding))
    echo(_summary(result, out))
    return result


def _located(finding: YamlProblem) -> str:
    """Return what could not be converted, with file and line as editors open them."""
    file = finding.file
    if file and os.path.isabs(file):
        relative = os.path.relpath(file)
        file = file if relative.startswith("..") else relative
    place = f"{file}:{finding.line}: " if file and finding.line else f"{file}: " if file else ""
    prefix = f"{finding.subject}: " if finding.subject else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return one_line(f"{place}not converted: {prefix}{finding.message}{hint}")


def _summary(result: ConversionResult, out: Path) -> str:
    text = f"{out}: {result.jobs} jobs and views of {result.functions} templates, each equal to its YAML"
    if result.plain:
        text += f"; {result.plain} written out, without a template"
    if result.secrets_file is not None:
        text += f"; secrets in {result.secrets_file}"
    return text
