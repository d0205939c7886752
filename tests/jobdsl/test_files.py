from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from jobdsl import context
from jobdsl.context import LoadContext as Loading
from jobdsl.dsl.files import read_file, template
from jobdsl.dsl.resolver import FileResolver
from jobdsl.errors import DslError, EstateError
from jobdsl.loading.load import load
from jobdsl.settings.config import LoadSettings, Settings

PROCESS = Settings(load=LoadSettings(isolation="process"))


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "estate"
    (root / "scripts").mkdir(parents=True)
    (root / "payments").mkdir()
    (root / "scripts/build.sh").write_text("make\n")
    (root / "payments/note.txt").write_text("near\n")
    (tmp_path / "secret").write_text("outside")
    context.current = Loading(str(root.resolve()))
    yield root
    context.current = None


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)


def problems() -> list[str]:
    assert context.current is not None
    return [f"{one.message} ({one.hint})" for one in context.current.problems]


def test_reads_from_the_root(estate: Path) -> None:
    assert read_file("scripts/build.sh") == "make\n"
    assert problems() == []


def test_reads_beside_the_calling_file(estate: Path) -> None:
    places = FileResolver(str(estate), str(estate / "payments"))
    assert places.text(places.find("./note.txt")) == "near\n"
    assert places.text(places.find("../scripts/build.sh")) == "make\n"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("scripts/biuld.sh", "there is no file 'scripts/biuld.sh' (did you mean \"scripts/build.sh\"?)"),
        ("build.sh", "there is no file 'build.sh' (did you mean \"scripts/build.sh\"?)"),
        ("scripts", "there is no file 'scripts' ("),
        ("../secret", "'../secret' leaves the estate (put the file into the estate)"),
        ("/etc/passwd", "'/etc/passwd' is absolute (name it relative to the estate's root)"),
        ("", "'' is not a file name ("),
        ("a\0b", "'a\\x00b' is not a file name ("),
        (3, "takes the name of a file, not 3 ("),
    ],
)
def test_names_that_cannot_be_read(estate: Path, name: Any, problem: str) -> None:
    assert read_file(name) == ""
    assert problems()[0].startswith(f"read_file: {problem}")


def test_a_link_does_not_lead_out_either(estate: Path, tmp_path: Path) -> None:
    (estate / "link").symlink_to(tmp_path / "secret")
    read_file("link")
    assert problems() == ["read_file: 'link' leaves the estate (put the file into the estate)"]


def test_what_is_no_text_is_told_with_its_line(estate: Path) -> None:
    (estate / "latin").write_bytes(b"a\nb\nc\xe9\n")
    read_file("latin")
    assert problems() == ["read_file: latin:3 is not UTF-8 text (save it as UTF-8)"]


def test_a_template_is_filled_in(estate: Path) -> None:
    write(
        estate,
        "run.sh.j2",
        "java {{ jdk }}\n{% for one in names %}\necho {{ one | quote }}\n{% endfor %}\nend\n",
    )
    assert template("run.sh.j2", jdk=21, names=["a", "b c"]) == "java 21\necho a\necho 'b c'\nend\n"


def test_shell_and_jinja_live_in_peace(estate: Path) -> None:
    text = """\
n=${#list[@]} ${#name}
echo {% if a %}yes{% endif %}
  {# a comment on its own line #}
next {# at the end #}
last {% raw %}${#x} {{ kept }}{% endraw %}
"""
    write(estate, "x.sh.j2", text)
    assert template("x.sh.j2", a=1) == "n=${#list[@]} ${#name}\necho yes\nnext \nlast ${#x} {{ kept }}\n"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("plain ${x}", "'plain ${x}'"),
        ("it's \\ here", r"'it\'s \\ here'"),
        ("two\nit's", r"'''two" + "\n" + r"it's'''"),
        ("two\nend'", r"'''two" + "\n" + r"end\''''"),
        ("a\n'''b\r\n", r"'''a" + "\n" + r"\'''b\r" + "\n" + r"'''"),
        (7, "'7'"),
    ],
)
def test_a_value_becomes_a_literal_of_groovy(estate: Path, value: object, literal: str) -> None:
    write(estate, "x.groovy.j2", "{{ value | groovy }}")
    assert template("x.groovy.j2", value=value) == literal


def test_templates_include_others_of_the_estate(estate: Path) -> None:
    write(estate, "scripts/a.j2", "A {% include './b.j2' %} {% include 'scripts/b.j2' %}")
    write(estate, "scripts/b.j2", "{{ x }}")
    assert template("scripts/a.j2", x="&<") == "A &< &<"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{{ jkd }}", "a.j2:2: 'jkd' is undefined (did you mean \"jdk\"?)"),
        ("{{ other }}", "a.j2:1: 'other' is undefined (give it: template(..., other=...))"),
        ("\n\n{% if %}", "a.j2:3: Expected an expression, got 'end of statement block' ()"),
        ("\n{{ 1 / 0 }}", "a.j2:2: ZeroDivisionError: division by zero ()"),
        ("\n{{ jdk.x.y }}", "a.j2:2: 'int object' has no attribute 'x' ()"),
        ("{% include 'no.j2' %}", "a.j2:1: there is no file 'no.j2' ("),
        ("{% include '../secret' %}", "a.j2:1: '../secret' leaves the estate ("),
        (
            "{{ ''.__class__.__mro__ }}",
            "a.j2:1: SecurityError: access to attribute '__class__' of 'str' object is unsafe. ()",
        ),
        ("{% for i in range(10**9) %}{% endfor %}", "a.j2:1: OverflowError: Range too big."),
        ("\n{% include 'scripts/b.j2' %}", "scripts/b.j2:2: 'deep' is undefined ("),
    ],
)
def test_errors_name_the_templates_line(estate: Path, text: str, problem: str) -> None:
    write(estate, "a.j2", text)
    write(estate, "scripts/b.j2", "\n{{ deep }}")
    assert template("a.j2", jdk=21) == ""
    assert problems()[0].startswith(f"template: {problem}")


def test_errors_stand_at_the_dsl_line(estate: Path) -> None:
    context.current = None
    write(
        estate, "a.py", "from jobdsl import template, read_file\n\ntemplate('none.j2')\nread_file('none')\n"
    )
    with pytest.raises(EstateError) as caught:
        load(estate, PROCESS)
    assert [str(one.where) for one in caught.value.problems] == ["a.py:3", "a.py:4"]


def test_in_a_load_names_are_relative_to_the_file(estate: Path) -> None:
    context.current = None
    text = "from jobdsl import freestyle, read_file\nfreestyle('x', description=read_file('./note.txt'))\n"
    write(estate, "payments/jobs.py", text)
    assert "near" in load(estate, PROCESS).definitions[0].document


def test_outside_a_load_the_root_is_where_jobdsl_toml_is(estate: Path) -> None:
    context.current = None
    write(estate, "jobdsl.toml", "")
    write(
        estate,
        "payments/made.py",
        "from jobdsl import read_file\na, b = read_file('scripts/build.sh'), read_file('./note.txt')\n",
    )
    spec = spec_from_file_location("made", estate / "payments/made.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    assert (made.a, made.b) == ("make\n", "near\n")


def test_outside_a_load_errors_are_raised(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context.current = None
    monkeypatch.chdir(estate)
    with pytest.raises(DslError, match="there is no file"):
        read_file("none")


def test_an_installed_template_reads_its_own_files(estate: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "own.sh.j2").write_text("{{ x }} {% include './more.j2' %}")
    (library / "more.j2").write_text("more")
    places = FileResolver(str(estate), str(library))
    assert places.find("./own.sh.j2") == str(library / "own.sh.j2")
    with pytest.raises(DslError, match="leaves the estate"):
        places.find("../secret")


def test_jinja_is_imported_only_when_wanted() -> None:
    import subprocess

    code = "import sys, jobdsl.dsl.files, jobdsl.dsl.jobs; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
