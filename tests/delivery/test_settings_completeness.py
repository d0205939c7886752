"""What `jobdsl lint` reports of an estate's delivery.toml: everything that is wrong, or what it lacks, with lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.settings import loads
from delivery.settings.completeness import check_file, gaps
from jobdsl.checks import extensions
from jobdsl.cli.main import main

WHOLE = """
[accounts.test.setup]
load_balancer = "make"
load_balancer_subnets = ["subnet-1", "subnet-2"]
domain = "example.com"

[bake]
base = "owner=self,name=base-*"

[apps.cart]
port = 8080
subnets = ["subnet-3", "subnet-4"]
instance_type = "m7i.large"
scaling_cpu_percent = 50.0
"""


def test_a_complete_file_has_no_gaps() -> None:
    assert list(gaps(loads(WHOLE))) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('base = "owner=self,name=base-*"', "[bake] has no base"),
        ("port = 8080", "neither a port nor target_groups"),
        ('subnets = ["subnet-3", "subnet-4"]', "no subnets"),
        ('instance_type = "m7i.large"', "no instance type"),
        ("scaling_cpu_percent = 50.0", "no scaling policy"),
        ('domain = "example.com"', "no rule can be made"),
        ('load_balancer_subnets = ["subnet-1", "subnet-2"]', "names no subnets for it"),
    ],
)
def test_each_missing_key_is_reported_at_its_table(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(WHOLE.replace(line, ""))
    (problem,) = check_file(file)
    assert says in problem.message
    assert problem.severity == "warning"
    assert problem.hint
    assert problem.where is not None
    assert problem.where.line > 0


def test_what_defaults_and_clusters_have_counts() -> None:
    moved = WHOLE.replace('instance_type = "m7i.large"', "") + '[defaults]\nlaunch_template = "service"\n'
    assert list(gaps(loads(moved))) == []
    weighted = WHOLE.replace("port = 8080", 'traffic = "weighted"')
    assert ["weighted" in gap.message for gap in gaps(loads(weighted))] == [True]
    none = WHOLE.replace("port = 8080", 'traffic = "none"')
    assert list(gaps(loads(none))) == []


def test_a_wrong_file_is_an_error_of_lint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text('from jobdsl import freestyle\n\nfreestyle("a")\n')
    file = tmp_path / "delivery.toml"
    file.write_text(WHOLE.replace("port = 8080", "prot = 8080"))
    with pytest.raises(SystemExit) as caught:
        main(["lint", "."])
    assert caught.value.code == 1
    err = capsys.readouterr().err
    assert "delivery.toml:11" in err
    assert "prot" in err
    file.write_text(WHOLE.replace("port = 8080", ""))
    with pytest.raises(SystemExit) as caught:
        main(["lint", "."])
    assert caught.value.code == 0
    assert "neither a port nor target_groups" in capsys.readouterr().err


def test_only_files_that_a_package_knows_are_checked(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("wrong =")
    assert extensions._check_files(tmp_path) == []
