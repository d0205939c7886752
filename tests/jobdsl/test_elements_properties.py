"""Properties: permissions, throttling, variables, libraries."""

from __future__ import annotations

from typing import Any

import pytest

from jobdsl import properties
from jobdsl.documents.tree import Node, parse
from jobdsl.elements import reading
from jobdsl.errors import DslError


def tree(value: Any) -> Node:
    return parse(value.write("\n"))


def test_permissions_from_a_dict() -> None:
    made = properties.authorization({"GROUP:devs": ["a.Build", "a.Read"], "anna": ["a.Read"]})
    assert made.permissions == ("GROUP:a.Build:devs", "GROUP:a.Read:devs", "a.Read:anna")
    texts = [child.text for child in tree(made).children if child.tag == "permission"]
    assert texts == list(made.permissions)


MATRIX = """<hudson.security.AuthorizationMatrixProperty>
  <inheritanceStrategy class="org.jenkinsci.plugins.matrixauth.inheritance.InheritParentStrategy"/>
  <permission>hudson.model.Item.Build:anna</permission>
  <permission>hudson.model.Item.Read:anna</permission>
</hudson.security.AuthorizationMatrixProperty>"""
STRATEGY = MATRIX.split("\n")[1]
PERMISSION = "  <permission>hudson.model.Item.Build:anna</permission>"


@pytest.mark.parametrize(
    "document",
    [
        MATRIX,
        MATRIX.replace(STRATEGY, ""),
        MATRIX.replace(STRATEGY + "\n", "").replace("</hudson", STRATEGY + "</hudson"),
        MATRIX.replace(PERMISSION, PERMISSION + "<future/>"),
    ],
)
def test_permissions_of_a_document(document: str) -> None:
    found = parse(document)
    made = reading.read_element(found)
    assert tree(made) == found


def test_permissions_are_read_as_such() -> None:
    made = reading.read_element(parse(MATRIX))
    assert made.permissions == ("hudson.model.Item.Build:anna", "hudson.model.Item.Read:anna")
    assert made.layout is None
    older = reading.read_element(parse(MATRIX.replace(STRATEGY, "")))
    assert older.layout == "-inheritanceStrategy"
    last = MATRIX.replace(STRATEGY + "\n", "").replace("</hudson", STRATEGY + "</hudson")
    assert isinstance(reading.read_element(parse(last)), properties.authorization)


def test_permissions_with_attributes_are_no_permissions_we_know() -> None:
    found = parse(MATRIX.replace("<permission>", '<permission kind="x">'))
    assert tree(reading.read_element(found)) == found


def test_throttling_is_by_category_where_there_are_some() -> None:
    assert properties.throttle(total=2).by == "project"
    assert properties.throttle(categories=["database"]).by == "category"
    assert properties.throttle(categories=["database"]).arguments() == {"categories": ("database",)}
    assert properties.throttle(categories=["database"], by="project").arguments()["by"] == "project"


def test_a_job_of_another_tool_is_throttled_the_same() -> None:
    found = parse(
        "<x><maxConcurrentPerNode>1</maxConcurrentPerNode><maxConcurrentTotal>2</maxConcurrentTotal>"
        "<throttleEnabled>true</throttleEnabled><categories><string>a</string></categories>"
        "<throttleOption>category</throttleOption><configVersion>1</configVersion>"
        "<limitOneJobWithMatchingParams>false</limitOneJobWithMatchingParams><paramsToUseForLimit/></x>"
    )
    made = reading.read_as(properties.throttle, found)
    assert made.categories == ("a",)
    assert made.layout == "jjb"
    assert tree(made).children == found.children


def test_one_name_or_several() -> None:
    assert properties.copy_permission("a") == properties.copy_permission(["a"])


def test_an_owner_by_name() -> None:
    assert properties.owner("anna") == properties.owner(properties.ownership("anna"))


def test_variables_from_the_start() -> None:
    made = properties.inject_env({"A": 1}, override_parameters=True)
    assert made.info.properties == "A=1"
    assert made.arguments() == {"properties": "A=1", "override_parameters": True}


def test_resources_need_no_name() -> None:
    assert properties.lockable_resources(label="board", number=2).number == 2
    with pytest.raises(DslError, match="whole number"):
        properties.lockable_resources(number="two")


def test_a_library_needs_a_way_to_be_fetched() -> None:
    with pytest.raises(DslError, match="retriever must be given"):
        properties.library("tools")  # type: ignore[call-arg]


def test_durability_is_one_of_three() -> None:
    with pytest.raises(DslError, match="does not know 'FAST'"):
        properties.durability("FAST")
