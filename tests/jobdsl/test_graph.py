"""`jobdsl graph` and `jobdsl stats`: an estate as a picture and in figures."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from lxml import etree

from jobdsl.cli.main import run
from jobdsl.documents.references import References, references
from jobdsl.errors import Where
from jobdsl.model import Definition
from jobdsl.reports.graph import Edge, Graph, GraphNode, graph_of
from jobdsl.reports.mermaid import mermaid
from jobdsl.reports.svg import svg

ESTATE = """
from dynaslave import agent_pool
from jobdsl import folder, freestyle, pipeline, publish, steps, triggers
from shared.services import service

agent_pool("linux", label="linux docker", image="ami-0123456789abcdef0", instance_types=["m5.large"], max_agents=4)


with folder("payments"):
    service("api")
    service("web")
    pipeline("nightly", script="echo 1", triggers=[triggers.upstream("api-deploy")])

freestyle("report", steps=[steps.shell("make report")], publishers=[publish.trigger("gone")])
"""


SERVICES = """
from jobdsl import freestyle, publish, steps


def service(name):
    freestyle(f"{name}-build", agent="linux", steps=[steps.shell("make")], publishers=[publish.trigger(f"{name}-deploy")])
    freestyle(f"{name}-deploy", steps=[steps.copy_artifacts(f"{name}-build"), steps.shell("make deploy")])
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text(ESTATE, "utf-8")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "services.py").write_text(SERVICES, "utf-8")
    (tmp_path / "jobdsl.toml").write_text('[seed]\nname = "main"\n', "utf-8")
    return tmp_path


def test_a_graph_shows_jobs_by_folder_with_what_starts_what(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["graph", str(estate)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    numbers = {line.split('"')[1]: line.split("[")[0].split("(")[0].strip() for line in lines if '"' in line}
    assert lines[0] == "flowchart LR"
    assert any("subgraph" in line and '["payments"]' in line for line in lines)
    build, deploy = numbers["api-build"], numbers["api-deploy"]
    assert f"  {build} --> {deploy}" in lines
    assert f'  {build} -.->|"artifacts"| {deploy}' in lines
    assert f"  {numbers['api-deploy']} --> {numbers['nightly']}" in lines
    assert f"  {numbers['pool linux']} --- {build}" in lines
    assert "1 downstream references name jobs that the estate does not define" in captured.err


def test_a_graph_is_written_as_svg(estate: Path) -> None:
    out = estate / "graph.svg"
    assert run(["graph", str(estate), "--out", str(out)]) == 0
    root = etree.fromstring(out.read_bytes())
    texts = set(root.itertext())
    assert {"api-build", "web-deploy", "nightly", "report", "linux", "payments", "top level"} <= texts
    assert len(root.findall(".//{*}path[@class='triggers']")) == 3


def defined(name: str, followers: Iterable[str] = ()) -> Definition:
    document = (
        "<project><publishers><hudson.tasks.BuildTrigger><childProjects>"
        f"{', '.join(followers)}</childProjects></hudson.tasks.BuildTrigger></publishers></project>"
    )
    return Definition(name, "project", document, Where("jobs.py", 1))


def looked(definitions: Iterable[Definition]) -> dict[str, References]:
    return {one.full_name: references(one.document) for one in definitions}


@pytest.mark.parametrize("layout", ["folders", "flat", "deep", "numbers"])
def test_three_thousand_jobs_are_folded(layout: str) -> None:
    layouts: dict[str, Callable[[int], str]] = {
        "folders": lambda number: f"team-{number // 40:02}/job-{number}",
        "flat": lambda number: f"team{number // 40:02}-job-{number}",
        "deep": lambda number: f"a/b{number // 900}/c{number // 40}/d/job-{number}",
        "numbers": lambda number: str(number),
    }
    names = layouts[layout]
    jobs = [defined(names(number), [f"/{names(number + 1)}"]) for number in range(3_000)]
    graph = graph_of(jobs, looked(jobs))
    assert 2 <= len(graph.nodes) <= 120
    assert sum(node.count for node in graph.nodes) == 3_000
    assert graph.folded == 3_000
    assert len(mermaid(graph)) < 50_000
    etree.fromstring(svg(graph).encode())


def test_the_order_of_definitions_changes_nothing() -> None:
    jobs = [defined(f"f{number % 3}/job-{number}", [f"job-{number + 3}"]) for number in range(30)]
    graph = graph_of(jobs, looked(jobs))
    random.Random(7).shuffle(jobs)
    assert graph_of(jobs, looked(jobs)) == graph
    assert len(graph.edges) == 27


def test_jobs_that_start_each_other_in_a_circle_are_drawn() -> None:
    jobs = [defined("a/x", ["/b/y"]), defined("b/y", ["/a/x", "/b/y"])]
    graph = graph_of(jobs, looked(jobs))
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("a/x", "b/y"),
        ("b/y", "a/x"),
        ("b/y", "b/y"),
    ]
    etree.fromstring(svg(graph).encode())


@pytest.mark.parametrize("name", ['a"b', "<script>", "a]b|c", "a\u202eb", "x" * 300, "a&b;", "`x`"])
def test_odd_names_are_only_labels(name: str) -> None:
    graph = Graph(
        (GraphNode(name, "job"), GraphNode(f"{name}/y", "job")), (Edge(name, f"{name}/y", "triggers"),)
    )
    etree.fromstring(svg(graph).encode())
    for line in mermaid(graph).splitlines():
        assert line.count('"') in (0, 2)
        assert "<" not in line.replace("-->", "")


def test_stats_say_how_many_jobs_each_function_makes(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["stats", str(estate), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["jobs"], figures["folders"], figures["views"], figures["pools"]) == (6, 1, 0, 1)
    lines = [line for line in (ESTATE + SERVICES).split("\n") if line.strip()]
    assert (figures["files"], figures["lines"]) == (2, len(lines))
    assert figures["templates"] == {"shared/services.py:service": 4}
    assert figures["plugins"]["copyartifact"] == 2
    assert figures["untyped"] == 0


def test_stats_for_people(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", str(estate)]) == 0
    shown = capsys.readouterr().out
    assert "6 jobs, 1 folders, 0 views, 1 pools" in shown
    assert "copyartifact" in shown
