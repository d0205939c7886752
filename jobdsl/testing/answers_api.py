"""Answers of the API of every object: /api/json, /api/python, /api/xml, with tree and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from jobdsl.testing.export import export, to_json, to_xml
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.pages import VERSION, missing, oops
from jobdsl.testing.routing import RoutedRequest, Router
from jobdsl.testing.treequery import TreeError, pruner

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_api", "api_headers"]


def api_headers(jenkins: ControllerState, content_type: str) -> list[tuple[str, str]]:
    """Return the headers of an answer of the API."""
    return [
        ("X-Jenkins", VERSION),
        ("X-Jenkins-Session", jenkins.session),
        ("X-Frame-Options", "deny"),
        ("Content-Type", content_type),
    ]


def _values(call: RoutedRequest) -> dict[str, Any]:
    query = call.request.query
    try:
        return export(call.jenkins.bean(call.target), pruner(query.get("tree"), query.get("depth")))
    except TreeError:
        refusal = oops()
        refusal.response.headers += [("X-Frame-Options", "deny"), ("X-Frame-Options", "sameorigin")]
        raise refusal from None


def _json(call: RoutedRequest) -> HttpResponse:
    return HttpResponse(
        200, to_json(_values(call)), api_headers(call.jenkins, "application/json;charset=utf-8")
    )


def _python(call: RoutedRequest) -> HttpResponse:
    text = repr(_values(call)).replace("': ", "':").replace(", '", ",'")
    return HttpResponse(200, text.encode(), api_headers(call.jenkins, "text/x-python;charset=UTF-8"))


def _xml(call: RoutedRequest) -> HttpResponse:
    values = _values(call)
    name = str(values.get("_class", "object")).rpartition(".")[2]
    text = to_xml(values, name[:1].lower() + name[1:])
    if "xpath" in call.request.query:
        text = _by_xpath(text, call.request.query["xpath"], call.request.query.get("wrapper", ""))
    return HttpResponse(200, text.encode(), api_headers(call.jenkins, "application/xml;charset=UTF-8"))


def _by_xpath(text: str, xpath: str, wrapper: str) -> str:
    try:
        selected = etree.fromstring(text.encode()).xpath(xpath)
    except etree.XPathError:
        raise oops() from None
    nodes = (
        [node for node in selected if isinstance(node, etree._Element)] if isinstance(selected, list) else []
    )
    if not wrapper and len(nodes) != 1:
        raise missing() if not nodes else oops()
    inner = "".join(etree.tostring(node, encoding="unicode", with_tail=False) for node in nodes)
    return f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner


def add_api(router: Router, targets: list[type]) -> None:
    """Register the API of these classes of objects."""
    for target in targets:
        router.on(target, "api/json")(_json)
        router.on(target, "api/python")(_python)
        router.on(target, "api/xml")(_xml)
