"""The file JOBDSL_SECRETS names stands in for the one of jobdsl.toml: a build gets one that Jenkins keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.documents.secrets import secrets_of
from jobdsl.errors import JobdslError
from jobdsl.secrets.texts import secrets_in
from jobdsl.seed_jobs import seed
from jobdsl.settings.config import loads


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept.json"
    path.write_text('{"a": "from Jenkins"}')
    monkeypatch.setenv("JOBDSL_SECRETS", str(path))
    return path


@pytest.mark.parametrize("text", ["", 'secrets = "estate.secrets.json"\n'])
def test_it_takes_the_place_of_the_estates_own(tmp_path: Path, kept: Path, text: str) -> None:
    (tmp_path / "estate.secrets.json").write_text('{"a": "from the estate"}')
    assert secrets_of(tmp_path, loads(text)).values == {"a": "from Jenkins"}


def test_where_it_is_missing_its_name_is_told(tmp_path: Path, kept: Path) -> None:
    kept.unlink()
    secrets = secrets_of(tmp_path, loads(""))
    with pytest.raises(JobdslError, match=r"kept\.json"):
        secrets.fill("<a>${jobdsl:secret:a}</a>")


def test_the_seed_job_binds_it() -> None:
    given = {
        "repo": "https://git.example.com/x.git",
        "secrets_file": "estate-secrets",
        "install": "./jobdsl-1-py3-none-any.whl",
    }
    document = seed("s", **given).render()
    binding = "org.jenkinsci.plugins.credentialsbinding.impl.FileBinding"
    assert f"<{binding}" in document
    assert "<variable>JOBDSL_SECRETS</variable>" in document
    assert "--secrets-file=estate-secrets" in document


@pytest.mark.parametrize(("value", "secret"), [("foo", False), ("dummy", False), ("hunter2", True)])
def test_words_that_open_nothing_are_no_secrets(value: str, secret: bool) -> None:
    assert bool(secrets_in(f"export REGISTRY_TOKEN={value}\n")) is secret
