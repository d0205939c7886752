"""`jobdsl convert`: YAML of Jenkins Job Builder as functions, calls and loops, equal to what it renders itself."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from jobdsl.cli.main import run

PROJECTS = Path(__file__).parent / "convert"
"""YAML in the styles of public projects."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jenkins_jobs") is None, reason="needs Jenkins Job Builder"),
]


class Result(NamedTuple):
    """How a command ended."""

    exit_code: int
    output: str


def convert(*arguments: str | Path) -> Result:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = run(["convert", *map(str, arguments)])
    return Result(code, output.getvalue())


def written(out: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(out.rglob("*.py")))


def converted(tmp_path: Path, yaml: str, *arguments: str) -> tuple[Result, str]:
    source = tmp_path / "jobs.yaml"
    source.write_text(yaml)
    result = convert(source, "--out", tmp_path / "estate", *arguments)
    return result, written(tmp_path / "estate") if (tmp_path / "estate").exists() else ""


@pytest.mark.parametrize(
    ("project", "jobs", "plain"),
    [
        ("streams", 7, 0),
        ("installers", 10, 0),
        ("repositories", 10, 0),
        ("matrix", 5, 0),
        ("catalog", 8, 0),
        ("pipelines", 5, 0),
    ],
)
def test_projects_come_out_as_jenkins_job_builder_renders_them(
    tmp_path: Path, project: str, jobs: int, plain: int
) -> None:
    result = convert(PROJECTS / project, "--out", tmp_path / "estate", "--prove")
    assert result.exit_code == 0, result.output
    assert f"{jobs} jobs and views of" in result.output
    assert ("written out" in result.output) == bool(plain)
    assert f"proof: {jobs} of {jobs} documents" in result.output


def test_templates_groups_and_macros_become_functions(tmp_path: Path) -> None:
    convert(PROJECTS / "streams", "--out", tmp_path / "estate")
    templates = (tmp_path / "estate/shared/templates.py").read_text()
    assert 'mvn_goals="clean install"' in templates
    assert "build_timeout=90" in templates
    assert "wrappers=timeout_and_times(build_timeout)" in templates
    assert "def review_scm(" in (tmp_path / "estate/shared/macros.py").read_text()
    assert "def maven_jobs(" in (tmp_path / "estate/shared/groups.py").read_text()
    projects = (tmp_path / "estate/projects.py").read_text()
    assert projects.count("maven_jobs(") == 2
    assert "for branch, stream, java_version in [" in projects


def test_lists_that_are_multiplied_become_loops(tmp_path: Path) -> None:
    convert(PROJECTS / "installers", "--out", tmp_path / "estate")
    jobs = (tmp_path / "estate/jobs.py").read_text()
    assert 'for pod in ["baremetal", "virtual"]:\n    for stream in ["master", "fraser"]:' in jobs


def test_values_that_decide_what_is_there_become_conditions(tmp_path: Path) -> None:
    yaml = """
- job-template:
    name: '{name}-job'
    concurrent: '{parallel}'
    disabled: '{idle}'
    parallel: false
    builders:
      - shell: !j2: "{% if tool == 'make' %}make all{% else %}{{ tool }} build{% endif %}"
- project: {name: a, tool: make, idle: true, jobs: ['{name}-job']}
- project: {name: b, tool: ninja, idle: false, parallel: true, jobs: ['{name}-job']}
"""
    result, source = converted(tmp_path, yaml, "--prove")
    assert result.exit_code == 0, result.output
    assert "concurrent=parallel" in source
    assert "disabled=idle" in source
    assert source.count("freestyle(\n") == 1


def test_secrets_are_kept_outside(tmp_path: Path) -> None:
    result = convert(PROJECTS / "pipelines", "--out", tmp_path / "estate")
    assert "s3cr3t-Value-77" not in written(tmp_path / "estate")
    assert "s3cr3t-Value-77" in (tmp_path / "estate.secrets.json").read_text()
    assert "estate.secrets.json" in result.output


def test_what_cannot_be_converted_is_named_at_its_line_and_the_rest_is_converted(tmp_path: Path) -> None:
    yaml = """\
- job:
    name: good
    builders:
      - shell: make
- job:
    name: unknown
    builders:
      - no-such-step: {a: 1}
- job-template:
    name: '{name}-missing'
    builders:
      - shell: 'make {nothing}'
- project:
    name: first
    jobs:
      - '{name}-missing'
      - '{name}-nowhere'
- job:
    name: good
    description: again
- nonsense:
    name: x
"""
    result, source = converted(tmp_path, yaml)
    assert result.exit_code == 3
    for line, words in [
        (8, "no-such-step"),
        (12, "Missing parameter: 'nothing'"),
        (17, "'{name}-nowhere'"),
        (18, "good is defined a second time"),
        (21, "`nonsense` is no kind of definition"),
    ]:
        assert any(
            f"jobs.yaml:{line}: not converted" in one and words in one for one in result.output.splitlines()
        ), (line, result.output)
    assert 'freestyle("good"' in source
    assert "Traceback" not in result.output


def test_a_template_that_no_project_uses_is_a_function_all_the_same(tmp_path: Path) -> None:
    yaml = """
- job-template:
    name: '{name}-spare'
    tool: make
    builders:
      - shell: '{tool} {target}'
"""
    result, source = converted(tmp_path, yaml)
    assert result.exit_code == 0, result.output
    assert "def spare(name, target, tool=" in source


HOSTILE = {
    "python": "- job: {name: bad, builders: [{shell: !!python/object/apply:os.system ['touch PWNED']}]}\n",
    "laughs": "- job:\n    name: bad\n    a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"    {new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "    builders: *i\n",
    "itself": "- job:\n    name: bad\n    a: &a [*a]\n    builders: *a\n",
    "deep": "- job: {name: bad, builders: " + "[" * 5000 + "]" * 5000 + "}\n",
    "macro": "- builder: {name: again, builders: [again]}\n- job: {name: bad, builders: [again]}\n",
    "loop": "- job: {name: bad, builders: [!include: loop.inc]}\n",
    "outside": "- job: {name: bad, builders: [{shell: !include-raw: ../../../etc/passwd}]}\n",
    "link": "- job: {name: bad, builders: [{shell: !include-raw-verbatim: link.sh}]}\n",
    "jinja": "- job: {name: bad, builders: [{shell: !j2: \"{{ ''.__class__.__mro__[1].__subclasses__() }}\"}]}\n",
    "endless": "- job: {name: bad, builders: [{shell: !j2: "
    '"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"}]}\n',
    "broken": "- job: {name: bad\n  builders: [\n",
    "scalar": "hello\n",
    "number": "- 5\n",
    "nothing": "- job:\n",
    "latin": "- job: {name: b\udce4d}\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_costs_only_itself(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "yaml"
    source.mkdir()
    monkeypatch.chdir(tmp_path)
    (source / "bad.yaml").write_bytes(HOSTILE[kind].encode("utf-8", "surrogateescape"))
    (source / "good.yaml").write_text("- job: {name: good, builders: [{shell: make}]}\n")
    (source / "loop.inc").write_text("!include: loop.inc\n")
    (source / "link.sh").symlink_to("/etc/passwd")
    result = convert(source, "--out", tmp_path / "estate")
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output
    assert "bad.yaml" in result.output or "loop.inc" in result.output
    assert 'freestyle("good"' in written(tmp_path / "estate")
    assert "root:" not in written(tmp_path / "estate")
    assert not (tmp_path / "PWNED").exists()


def test_links_out_of_a_directory_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text("- job: {name: other}\n")
    source = tmp_path / "yaml"
    source.mkdir()
    (source / "good.yaml").write_text("- job: {name: good}\n")
    (source / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    result = convert(source, "--out", tmp_path / "estate")
    assert result.exit_code == 3
    assert "link.yaml: not converted" in result.output
    assert "other" not in written(tmp_path / "estate")


def test_nothing_to_convert_is_an_error(tmp_path: Path) -> None:
    result, _ = converted(tmp_path, "- job: {name: bad, builders: [nowhere]}\n")
    assert result.exit_code == 1


MISSING_VARIABLE = """
- builder:
    name: checkout
    builders:
      - shell: "git checkout {branch} {flags}"
- job-template:
    name: "{name}-build"
    builders:
      - checkout:
          branch: "{branch}"
- project:
    name: web
    branch: [main]
    jobs: ["{name}-build"]
- job:
    name: alone
    builders:
      - checkout: {branch: main}
"""


@pytest.mark.parametrize("value", ["True", "yes", "1"])
def test_variables_without_a_value_are_empty_where_the_settings_allow_it(tmp_path: Path, value: str) -> None:
    conf = tmp_path / "jenkins_jobs.ini"
    conf.write_text(f"[job_builder]\nallow_empty_variables={value}\n[jenkins]\npassword=100%\n")
    result, source = converted(tmp_path, MISSING_VARIABLE, "--conf", str(conf), "--prove")
    assert result.exit_code == 0, result.output
    assert "proof: 2 of 2" in result.output
    assert "git checkout main" in source or "git checkout {" in source


@pytest.mark.parametrize("conf", ["", "[job_builder]\nallow_empty_variables=no\n", "[other]\n"])
def test_variables_without_a_value_are_problems_otherwise(tmp_path: Path, conf: str) -> None:
    (tmp_path / "jenkins_jobs.ini").write_text(conf)
    result, _ = converted(tmp_path, MISSING_VARIABLE, "--conf", str(tmp_path / "jenkins_jobs.ini"))
    assert result.exit_code
    assert "jobs.yaml:" in result.output
    assert "Missing parameter: 'flags'" in result.output


def test_include_path_of_the_settings_is_searched(tmp_path: Path) -> None:
    scripts = tmp_path / "elsewhere"
    scripts.mkdir()
    (scripts / "build.sh").write_text("make everything\n")
    conf = tmp_path / "jenkins_jobs.ini"
    conf.write_text(f"[job_builder]\ninclude_path=.:{scripts}\n")
    yaml = "- job:\n    name: web\n    builders:\n      - shell: !include-raw: build.sh\n"
    result, source = converted(tmp_path, yaml, "--conf", str(conf), "--prove")
    assert result.exit_code == 0, result.output
    assert "make everything" in source


@pytest.mark.parametrize(
    "conf",
    [b"no section", b"[job_builder]\nallow_empty_variables=perhaps\n", b"\xff\xfe\x00", b"[job_builder\n"],
)
def test_settings_that_cannot_be_read_are_an_error(tmp_path: Path, conf: bytes) -> None:
    (tmp_path / "broken.ini").write_bytes(conf)
    result, _ = converted(tmp_path, "- job: {name: web}\n", "--conf", str(tmp_path / "broken.ini"))
    assert result.exit_code == 1
    assert "broken.ini" in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "estate").exists()


def test_a_directory_with_files_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "estate"
    out.mkdir()
    (out / "mine.py").write_text("")
    shutil.copy(PROJECTS / "matrix/build.yml", tmp_path)
    result = convert(tmp_path / "build.yml", "--out", out)
    assert result.exit_code == 1
    assert os.listdir(out) == ["mine.py"]


def test_same_files_give_the_same_estate(tmp_path: Path) -> None:
    convert(PROJECTS / "streams", "--out", tmp_path / "one/estate")
    convert(PROJECTS / "streams", "--out", tmp_path / "two/estate")
    assert written(tmp_path / "one/estate") == written(tmp_path / "two/estate")
