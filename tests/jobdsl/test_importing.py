from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.loading.importing import is_reserved, module_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("jobs.py", "jobs"),
        ("payments/jobs.py", "payments.jobs"),
        ("payments/__init__.py", "payments"),
        ("my-jobs.py", "my-jobs"),
        ("team.a/release-1.4.py", "team\u2024a.release-1\u20244"),
        ("json.py", "json\u2025py"),
        ("platform/jobs.py", "platform\u2025dir.jobs"),
        ("sub/json.py", "sub.json"),
        ("__init__.py", "__init__"),
        ("__main__.py", "__main__\u2025py"),
    ],
)
def test_the_name_a_file_runs_under(tmp_path: Path, path: str, name: str) -> None:
    assert module_name(str(tmp_path), path) == name


def test_a_folder_beside_a_file_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.py").touch()
    (tmp_path / "x").mkdir()
    assert module_name(str(tmp_path), "x.py") == "x"
    assert module_name(str(tmp_path), "x/y.py") == "x\u2025dir.y"
    (tmp_path / "x/__init__.py").touch()
    assert module_name(str(tmp_path), "x.py") == "x\u2025py"
    assert module_name(str(tmp_path), "x/y.py") == "x.y"


def test_what_is_reserved() -> None:
    assert is_reserved("json")
    assert is_reserved("jobdsl")
    assert not is_reserved("requests")
