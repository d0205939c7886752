"""The API: every operation of its description is called, and every answer is what the description says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from console_site import Site, site
from jsonschema import Draft202012Validator
from overview_world import EU, TEST


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("console")) as made:
        yield made


@pytest.fixture(scope="module")
def description(console: Site) -> dict[str, Any]:
    answer = console.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def _schema(
    description: dict[str, Any], operation: dict[str, Any], status: str, media: str
) -> dict[str, Any]:
    schema = operation["responses"][status]["content"][media]["schema"]
    return {**_closed(schema), "components": _closed(description["components"])}


def _closed(node: Any) -> Any:
    """The same schema, in which an object has no more than its properties."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _closed(value) for key, value in node.items()}
    if "properties" in found and "allOf" not in found:
        found.setdefault("additionalProperties", False)
    return found


def _examples(console: Site) -> dict[str, str]:
    assert console.estate is not None
    group = console.json(f"/groups/test/{EU}/shop-eu-v002")["group"]
    return {
        "application": "shop",
        "account": "test",
        "region": EU,
        "cluster": "shop-eu",
        "name": "shop-eu-v002",
        "q": "shop",
        "instances": group["members"][0]["id"],
        "images": console.estate.images["shop-1.4", TEST],
        "changes": "r-1",
    }


def _path(template: str, examples: dict[str, str]) -> str:
    kind = template.split("/")[3]
    path = template.replace("{id}", examples.get(kind, ""))
    for name, value in examples.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_every_answer_is_as_the_description_says(console: Site, description: dict[str, Any]) -> None:
    examples, called = _examples(console), 0
    for template, operations in description["paths"].items():
        operation = operations.get("get")
        if operation is None or template.startswith(
            "/api/v1/operations"
        ):  # of changes: test_console_steering
            continue
        required = [
            each["name"]
            for each in operation.get("parameters", ())
            if each["in"] == "query" and each.get("required")
        ]
        answer = console.get(_path(template, examples), params={name: examples[name] for name in required})
        assert answer.status_code == 200, (template, answer.text)
        schema = _schema(description, operation, "200", "application/json")
        Draft202012Validator(schema).validate(answer.json())
        called += 1
    assert called >= 11


def test_every_error_is_as_the_description_says(console: Site, description: dict[str, Any]) -> None:
    problem = {
        "$ref": "#/components/schemas/ProblemDocument",
        "components": _closed(description["components"]),
    }
    for path, status in (
        ("/applications/nothing", 404),
        (f"/clusters/test/{EU}/nothing", 404),
        ("/instances/i-1", 404),
        ("/nothing", 404),
        ("/applications?limit=0", 422),
        ("/applications?limit=many", 422),
        ("/applications?cursor=-1", 422),
        ("/search", 422),
    ):
        answer = console.get(f"/api/v1{path}")
        assert answer.status_code == status, path
        assert answer.headers["Content-Type"] == "application/problem+json"
        Draft202012Validator(problem).validate(answer.json())


def test_lists_continue_at_their_cursor(console: Site) -> None:
    whole = console.json("/applications")
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        some = console.json(f"/applications?limit=1{f'&cursor={cursor}' if cursor else ''}")
        assert len(some["applications"]) == 1
        names += [each["name"] for each in some["applications"]]
        cursor = some["cursor"]
    assert names == [each["name"] for each in whole["applications"]] == ["cart", "shop", "worker"]
    assert whole["total"] == 3


def test_unknown_is_null_and_not_zero(console: Site) -> None:
    values = console.json(f"/clusters/test/{EU}/cart")
    (group,) = values["groups"]
    assert group["jenkins_user"] is None
    assert group["change_request"] is None
    assert values["locked_by"] is None


def test_changes_are_filtered_and_the_newest_comes_first(console: Site) -> None:
    runs = console.json("/changes?application=shop")["runs"]
    assert [run["id"] for run in runs] == ["r-5", "r-4", "r-3", "r-2", "r-1"]
    assert [run["id"] for run in console.json("/changes?application=shop&outcome=deployed")["runs"]] == [
        "r-1"
    ]
    assert console.json("/changes?application=shop&by=bob")["runs"] == []
    assert [run["id"] for run in console.json("/changes?cluster=shop-us")["runs"]] == ["r-5"]


def test_a_search_finds_all_kinds(console: Site) -> None:
    kinds = {hit["kind"] for hit in console.json("/search?q=shop")["hits"]}
    assert kinds == {"application", "cluster", "group", "image"}
    assert {hit["name"] for hit in console.json("/search?q=ALICE")["hits"]} >= {"shop-eu-v002"}
    group = console.json(f"/groups/test/{EU}/shop-eu-v002")["group"]
    id = group["members"][0]["id"]
    assert [hit["kind"] for hit in console.json(f"/search?q={id}")["hits"]] == ["instance"]
