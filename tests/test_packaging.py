"""The wheel: what is in it, and that it works in an empty environment outside the checkout."""

from __future__ import annotations

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

ROOT = Path(__file__).parent.parent
ESTATE = 'from jobdsl import freestyle, steps\nfreestyle("a", steps=[steps.shell("make")])\n'
LIGHT = (
    "certifi", "charset_normalizer", "click", "idna", "jinja2", "lxml", "markupsafe", "requests", "urllib3",
)  # fmt: skip
"""Packages that are installed with jobdsl without an extra."""
SERIES = json.dumps({"metrics": [{"name": "errors", "canary": [1.0, 2.0], "baseline": [1.0, 2.0]}]})
POOL = 'from dynaslave import agent_pool\nagent_pool("big", max_agents=5, instance_types="c7i.large")\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that nothing is left in the checkout."""
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
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
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == tops
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
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(venv)}))
    zipfile.ZipFile(wheel).extractall(site)
    borrowed = tmp_path / "borrowed"
    _borrow_dependencies(borrowed)
    (site / "dependencies.pth").write_text(f"{borrowed}\n")
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
    assert done.returncode == (2 if name == "delivery" else 1)
