"""The wheel: what is in it, and that it works in an empty environment outside the checkout."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib import metadata
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from jobdsl.seed_jobs.wheel import build_wheel

pytestmark = [pytest.mark.slow, pytest.mark.sampled(4)]

ROOT = Path(__file__).parents[2]
STARTUP = "jobdsl-startup.pth"
ESTATE = 'from jobdsl import freestyle, steps\nfreestyle("a", steps=[steps.shell("make")])\n'
LIGHT = (
    "certifi", "charset_normalizer", "click", "idna", "jinja2", "lxml", "markupsafe", "requests", "urllib3",
)  # fmt: skip
"""Packages that are installed with jobdsl without an extra."""
SERIES = json.dumps({"metrics": [{"name": "errors", "canary": [1.0, 2.0], "baseline": [1.0, 2.0]}]})
POOL = 'from dynaslave import agent_pool\nagent_pool("big", max_agents=5, instance_types="c7i.large")\n'


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that nothing is left in it."""
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Package would be ignored" not in done.stdout + done.stderr, "pyproject.toml names every directory"
    return next(out.glob("*.whl"))


def test_pinned_versions_install_on_the_oldest_python() -> None:
    """What `make` installs must be there for 3.11.0 too: distributions are slow with patch releases."""
    pins = [line.partition("==") for line in (ROOT / "constraints.txt").read_text().splitlines()]
    wanted = {name.strip(): version for name, equals, version in pins if equals}
    here = {name: one for name in wanted for one in metadata.distributions(name=name)}
    assert len(here) > 20
    too_new = [
        f"{name}=={one.version} needs Python {needs}"
        for name, one in here.items()
        if (needs := ",".join(one.metadata.get_all("Requires-Python", [])))
        and not SpecifierSet(needs).contains("3.11.0")
    ]
    assert not too_new


def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    tops = {name.partition(".")[0] for name in setup["packages"]}
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == tops | {STARTUP}
    record = _record(wheel)
    assert sorted(record) == sorted(names)
    content = zipfile.ZipFile(wheel).read(STARTUP)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    assert record[STARTUP] == [f"sha256={digest}", str(len(content))]
    homes = {ROOT / top: top for top in tops}
    homes |= {ROOT / folder: package.replace(".", "/") for package, folder in setup["package-dir"].items()}
    modules = {
        f"{inside}/{path.relative_to(home).as_posix()}"
        for home, inside in homes.items()
        for path in home.rglob("*.py")
    }
    assert not modules - set(names), "packages in pyproject.toml names every package"
    wanted = ["py.typed", "cli/main.py", "elements/scm.py", "importer/__init__.py", "testing/__init__.py"]
    wanted += ["seed_jobs/seed.py", "seed_jobs/seed.sh.j2", "templates/__init__.py", "reports/plan.html.j2"]
    wanted += [
        "templates/ant/common-build.xml",
        "templates/ant/framework.sh.j2",
        "templates/release-check.sh.j2",
    ]
    assert not [name for name in wanted if f"jobdsl/{name}" not in names]
    assert not {"dynaslave/py.typed", "dynaslave/pools/prices.toml"} - set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_seed_job_carries_the_same_wheel(wheel: Path) -> None:
    name, content = build_wheel()
    assert name == wheel.name
    ours, built = zipfile.ZipFile(io.BytesIO(content)), zipfile.ZipFile(wheel)
    assert ours.testzip() is None
    only_built = {
        f"jobdsl-{version('jobdsl')}.dist-info/{file}" for file in ("licenses/LICENSE", "top_level.txt")
    }
    assert set(built.namelist()) - set(ours.namelist()) == only_built
    assert set(ours.namelist()) <= set(built.namelist())
    different = [
        one for one in ours.namelist() if ".dist-info/" not in one and ours.read(one) != built.read(one)
    ]
    assert different == []
    assert build_wheel() == (name, content)


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    python = _environment(wheel, tmp_path)
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "jobs.py").write_text(ESTATE)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-m", "jobdsl", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    rendered = run("render", "estate", "--out", "out")
    assert rendered.returncode == 0, rendered.stderr
    assert "<command>make</command>" in (tmp_path / "out" / "a.xml").read_text()
    imported = run("import", "out", "--out", "again")
    assert imported.returncode == 0, imported.stderr
    (tmp_path / "estate" / "pools.py").write_text(POOL)
    (tmp_path / "estate" / "jobdsl.toml").write_text("[quotas]\nvcpus = 8\n")
    refused = run("lint", "estate")
    assert (refused.returncode, "pools.py:2: error: pool 'big'" in refused.stderr) == (1, True), (
        refused.stderr
    )
    simulated = "from jobdsl.testing import SimulatedJenkins\nfrom jobdsl.cli.main import run\nimport sys\n"
    simulated += (
        "with SimulatedJenkins() as j:\n    access = ['--url', j.url, '--user', j.user, '--token', j.token]\n"
    )
    simulated += "    assert run(['apply', 'again', '--yes', *access]) == 0\n    sys.exit(run(['plan', 'again', *access]))\n"
    done = subprocess.run(
        [str(python), "-c", simulated],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["wheel", "editable", "seed"])
def python(request: pytest.FixtureRequest, source: Path, wheel: Path, tmp_path: Path) -> Path:
    """Install jobdsl in one of its ways, and return the interpreter."""
    if request.param == "seed":
        name, content = build_wheel()
        wheel = tmp_path / name
        wheel.write_bytes(content)
    if request.param == "editable":
        build = "import sys, backend; backend.build_editable(sys.argv[1])"
        path = {"PYTHONPATH": "build_backend", "PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", build, str(tmp_path)]
        subprocess.run(command, cwd=source, env=path, check=True, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")
        assert "jobdsl/__init__.py" not in zipfile.ZipFile(wheel).namelist()
    return _environment(wheel, tmp_path)


HOSTILE = """
with open({mark!r}, "a") as mark:
    mark.write(__name__ + "\\n")
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An estate with a module of every name that a command could import, each of which leaves a mark."""
    estate = tmp_path_factory.mktemp("hostile") / "estate"
    estate.mkdir()
    (estate / "jobs.py").write_text(ESTATE)
    (estate / "jobdsl.toml").write_text('[files]\ninclude = ["jobs.py"]\n')
    text = HOSTILE.format(mark=str(estate.with_name("mark")))
    ours = {"jobdsl", "dynaslave", "delivery", "click", "jinja2", "lxml", "requests", "boto3", "structlog"}
    for name in {*sys.stdlib_module_names, *ours, "sitecustomize", "usercustomize"}:
        (estate / f"{name}.py").write_text(text)
        if not name.startswith("_"):
            (estate / name).mkdir()
            for file in ("__init__.py", "__main__.py", "cli.py"):
                (estate / name / file).write_text(text)
    return estate


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["-m", "jobdsl", "lint", "."], "1 job checked"),
        (["-mjobdsl", "lint", "."], "1 job checked"),
        (["-Bm", "jobdsl", "lint", "."], "1 job checked"),
        (["-Wi", "-X", "utf8", "-umjobdsl", "lint", "."], "1 job checked"),
        (["-m", "jobdsl.cli.main", "lint", "."], ""),
        (["-P", "-m", "jobdsl", "lint", "."], "1 job checked"),
        (["-i", "-m", "jobdsl", "lint", "."], "1 job checked"),
        (["-m", "dynaslave", "--help"], "Usage:"),
        (["-m", "delivery", "--help"], "Usage:"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_of_an_estate_is_imported(
    python: Path, hostile: Path, tmp_path: Path, arguments: list[str], shown: str
) -> None:
    mark = hostile.with_name("mark")
    mark.unlink(missing_ok=True)
    done = subprocess.run(
        [str(python), *arguments],
        cwd=hostile,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        input="",
        check=False,
    )
    assert not mark.exists(), mark.read_text()
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [["-c", "import colorsys"], ["-m", "colorsys", "jobdsl"], ["jobdsl.py"]]
)
def test_python_itself_starts_as_ever(python: Path, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "colorsys.py").write_text("print('the one here')")
    (tmp_path / "jobdsl.py").write_text("import colorsys")
    done = subprocess.run(
        [str(python), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("the one here\n", "")


def test_a_deleted_directory_is_no_matter_to_the_startup_file(python: Path, tmp_path: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -m jobdsl --version'
    done = subprocess.run(
        ["/bin/sh", "-c", script, str(python)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "startup.pth" not in done.stderr


def _environment(wheel: Path, where: Path) -> Path:
    """Make a virtual environment with what a wheel holds and this environment's dependencies."""
    venv = where / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(venv)}))
    zipfile.ZipFile(wheel).extractall(site)
    _borrow_dependencies(where / "borrowed")
    (site / "dependencies.pth").write_text(f"{where / 'borrowed'}\n")
    return venv / "bin" / "python"


def _record(wheel: Path) -> dict[str, list[str]]:
    """Return what the record of a wheel says of each file."""
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
    lines = [line.split(",") for line in archive.read(name).decode().splitlines()]
    return {name: rest for name, *rest in lines}


def _borrow_dependencies(where: Path) -> None:
    """The dependencies of jobs alone, as this environment has them: no index is asked."""
    where.mkdir()
    for name in LIGHT:
        (where / name).symlink_to(Path(sysconfig.get_path("purelib")) / name)


def test_what_jobs_need_is_light(wheel: Path) -> None:
    site = Path(sysconfig.get_path("purelib"))
    files = [path for name in LIGHT for path in (site / name).rglob("*") if path.is_file()]
    own = sum(one.file_size for one in zipfile.ZipFile(wheel).infolist())
    compiled = sum(one.file_size for one in zipfile.ZipFile(wheel).infolist() if one.filename.endswith(".py"))
    assert sum(path.stat().st_size for path in files) + own + compiled < 30 << 20


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("delivery list", "boto3", "delivery"),
        ("delivery status --cluster x --account y", "boto3", "delivery"),
        ("delivery clean amis", "boto3", "delivery"),
        ("delivery judge series.json", "numpy", "analysis"),
        ("delivery web", "uvicorn", "web"),
        (
            "dynaslave once estate --provider ec2 --url http://127.0.0.1:1 --user u --token t",
            "structlog",
            "agents",
        ),
        (
            "dynaslave run estate --provider local --url http://127.0.0.1:1 --user u --token t",
            "structlog",
            "agents",
        ),
    ],
)
def test_a_command_names_the_extra_it_needs(
    wheel: Path, tmp_path: Path, command: str, package: str, extra: str
) -> None:
    site, borrowed = tmp_path / "site", tmp_path / "borrowed"
    zipfile.ZipFile(wheel).extractall(site)
    _borrow_dependencies(borrowed)
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "pools.py").write_text(POOL)
    (tmp_path / "delivery.toml").write_text('[accounts.y]\nid = "123456789012"\nregions = ["eu-west-1"]\n')
    (tmp_path / "series.json").write_text(SERIES)
    name, *arguments = command.split()
    module = f"from {'dynaslave.cli.main' if name == 'dynaslave' else 'delivery.cli'} import main; main()"
    done = subprocess.run(
        [sys.executable, "-S", "-c", module, *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{site}:{borrowed}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{name} needs {package}, which the extra `{extra}` of jobdsl installs" in done.stderr, done.stderr
    assert "-m pip install " in done.stderr
    assert f"{package}>=" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
