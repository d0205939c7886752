"""Each kind of item and view settles: the first run succeeds, and a second one has nothing to do."""

from __future__ import annotations

import pytest
from live_site import Site

pytestmark = pytest.mark.slow

SETTLING = {
    "folders": """
with folder("a", description="One line"):
    with folder("b", description="Two\\nlines\\n", display_name="B & <b>"):
        with folder("c"):
            freestyle("leaf")
""",
    "multibranch": """
multibranch("bare")
multibranch("branches", description="With a source", sources=[
    sources.branch_source(sources.git("https://git.example.com/a.git"))], orphans=5)
""",
    "organization folder": """
organization_folder("organization", description="Without a navigator")
""",
    "views": """
freestyle("a")
with folder("f"):
    freestyle("b")
    list_view("Inside", jobs=["b"], description="A view in a folder")
    list_view("Regex", regex="b.*", recurse=True)
list_view("Listed", jobs=["a"])
list_view("Enabled", regex=".*", status_filter=True)
""",
    "line ends": """
for number, text in enumerate(["x\\n", "x\\n\\n", "\\nx", "a\\r\\nb", "a\\rb", " x ", "\\t", "\\n", "a\\n\\n\\nb"]):
    freestyle(f"job-{number}", description=text)
    pipeline(f"pipeline-{number}", script=text + "node {}", description=text)
    folder(f"folder-{number}", description=text)
    list_view(f"view-{number}", description=text, regex="x")
""",
    "pipelines": """
pipeline("script", script="node { echo 'x' }", concurrent=False, keep=3,
         parameters=[params.string("A", "1"), params.boolean("B", True)], triggers=[triggers.cron("H 2 * * *")])
pipeline("scm", scm=scm.git("https://git.example.com/a.git"), script_path="ci/Jenkinsfile")
""",
    "parts of freestyle jobs": """
freestyle("a", keep=5, quiet_period=3, agent="built-in", concurrent=True, disabled=True,
    scm=scm.git("https://git.example.com/a.git", branch="main"),
    triggers=[triggers.poll_scm("H/15 * * * *"), triggers.cron("@daily")],
    wrappers=[wrappers.timestamps(), wrappers.timeout(minutes=3)],
    steps=[steps.shell("a\\n\\tb  \\n"), steps.shell("sed 's/\\x1b//g'"), steps.batch("a\\r\\nb")],
    publishers=[publish.archive("dist/**"), publish.junit("*.xml"), publish.mail("a@example.com")])
freestyle("b", publishers=[publish.trigger("a")])
""",
}


@pytest.mark.parametrize("source", SETTLING.values(), ids=SETTLING)
def test_a_kind_settles(site: Site, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    indented = "".join(f"    {line}\n" if line else "\n" for line in source.splitlines())
    site.write(f"with folder(FOLDER):\n{indented}")
    site.apply("--verify-all")
    site.expect_settled(capsys)
    site.apply("--refresh")


def test_the_view_jenkins_gives_a_folder_is_nobodys(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.write('with folder(FOLDER, description="Ours"):\n    multibranch("branches", description="Ours")\n')
    site.apply()
    for folder in ("", "branches"):
        answer = site.controller.tree(
            site / folder if folder else site.folder, "description,views[name,description]"
        )
        assert "Ours" in answer["description"]
        assert [view["description"] for view in answer["views"]] == [None]
    site.expect_settled(capsys)
