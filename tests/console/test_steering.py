"""Changing things: the plan before, the right, the confirmation, and a job of Jenkins in the user's name."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from console_site import Site, site
from jsonschema import Draft202012Validator
from overview_world import EU, PRODUCTION, TEST, tagged

from delivery import tags
from delivery.provenance import trigger_of
from jobdsl.console.security.identity import Identity

pytestmark = pytest.mark.slow

SETTINGS = """
[console.jenkins]
url = "{url}/"
user = "console"
token_file = "jenkins-token"
[console.jobs]
deploy = "{{application}}/{{account}}-deploy"
promote = "{{application}}/promote"
rollback = "{{application}}/rollback"
resize = "{{application}}/resize"
traffic = "{{application}}/traffic"
terminate = "{{application}}/terminate"
[console.jobs.cart]
deploy = "cart-deploy"
[console.roles.shop]
users = ["alice", "bob"]
applications = ["shop"]
actions = ["deploy", "promote", "rollback", "resize", "traffic", "terminate"]
[console.roles.cart]
users = ["carol"]
applications = ["cart"]
actions = ["deploy"]
[console.roles.auditor]
users = ["alice"]
audit = true
"""
PROXY = '[console.proxy]\naddresses = ["127.0.0.1"]\n'


@dataclass
class Jenkins:
    """What jobs were started, and how the next request is answered."""

    url: str = ""
    started: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    status: int = 201


@pytest.fixture(scope="module")
def jenkins() -> Iterator[Jenkins]:
    made = Jenkins()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
            if made.status == 201:
                made.started.append((self.path, form, self.headers.get("Authorization", "")))
            self.send_response(made.status)
            self.send_header("Location", "https://elsewhere.example.com/jenkins/queue/item/7/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, jenkins: Jenkins) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("console")
    (directory / "jenkins-token").write_text("jenkins-secret\n")
    with site(directory, SETTINGS.format(url=jenkins.url) + PROXY) as made:
        yield made


@pytest.fixture(autouse=True)
def _quiet(jenkins: Jenkins) -> None:
    jenkins.started.clear()
    jenkins.status = 201


def token(
    console: Site,
    user: str = "alice",
    actions: tuple[str, ...] | None = None,
    applications: tuple[str, ...] = ("*",),
) -> dict[str, str]:
    """The header of a token of a user."""
    every = ("deploy", "promote", "rollback", "resize", "traffic", "terminate")
    secret = console.console.database.make_token(
        Identity(user), "test", expires=time.time() + 600, now=time.time(),
        actions=every if actions is None else actions, applications=applications,
    )  # fmt: skip
    return {"Authorization": f"Bearer {secret}"}


def wanted(
    action: str, cluster: str = "shop-eu", account: str = "test", **values: str | int
) -> dict[str, Any]:
    return {"action": action, "account": account, "region": EU, "cluster": cluster, "values": values}


def plan(console: Site, body: dict[str, Any], **more: Any) -> requests.Response:
    return console.post("/api/v1/plans", json=body, headers=token(console, **more))


def start(console: Site, body: dict[str, Any], key: str = "", **more: Any) -> requests.Response:
    """Plan, and start what was planned."""
    headers = token(console, **more) | ({"Idempotency-Key": key} if key else {})
    made = console.post("/api/v1/plans", json=body, headers=headers)
    assert made.status_code == 200, made.text
    return console.post("/api/v1/operations", json={**body, "plan": made.json()["digest"]}, headers=headers)


def test_a_plan_is_shown_and_starts_nothing(console: Site, jenkins: Jenkins) -> None:
    assert console.estate is not None
    image = console.estate.images["shop-1.4", TEST]
    answer = plan(console, wanted("deploy", image=image, change_request=""))
    assert answer.status_code == 200, answer.text
    values = answer.json()
    assert values["refusals"] == []
    names = [step["name"] for step in values["steps"]]
    assert names[:2] == ["lock", "check"]
    assert names[-1] == "done"
    assert "shop-eu-v003" in values["title"]
    assert jenkins.started == []


def test_a_confirmed_plan_starts_the_job_as_the_user_who_asked(console: Site, jenkins: Jenkins) -> None:
    assert console.estate is not None
    image = console.estate.images["shop-1.4", TEST]
    answer = start(console, wanted("deploy", image=image))
    assert answer.status_code == 202, answer.text
    ((path, parameters, login),) = jenkins.started
    assert path == "/job/shop/job/test-deploy/buildWithParameters"
    assert parameters == {
        "IMAGE": image,
        "IMAGE_eu_west_1": image,
        "CHANGE_REQUEST": "",
        "REQUESTED_BY": "alice",
    }
    assert login.startswith("Basic ")
    values = answer.json()
    assert values["job_url"] == f"{jenkins.url}/job/shop/job/test-deploy/"
    assert (
        values["queue_item"] == f"{jenkins.url}/queue/item/7/"
    )  # the controller's own address, whatever it says
    assert console.json(f"/operations/{values['id']}") == values
    schemas = console.get("/api/v1/openapi.json").json()["components"]
    Draft202012Validator({"$ref": "#/components/schemas/Operation", "components": schemas}).validate(values)
    assert "jenkins-secret" not in answer.text


@pytest.mark.parametrize(
    ("action", "values", "parameters"),
    [
        (
            "resize",
            {"group": "shop-eu-v002", "desired": 2},
            {"GROUP": "shop-eu-v002", "MIN": "", "DESIRED": "2", "MAX": ""},
        ),
        ("rollback", {"to": "shop-eu-v001", "reason": "slow"}, {"TO": "shop-eu-v001", "REASON": "slow"}),
    ],
)
def test_other_actions_start_their_jobs(
    console: Site, jenkins: Jenkins, action: str, values: dict[str, Any], parameters: dict[str, str]
) -> None:
    answer = start(console, wanted(action, **values))
    assert answer.status_code == 202, answer.text
    ((path, sent, _),) = jenkins.started
    assert path == f"/job/shop/job/{action}/buildWithParameters"
    assert sent == {**parameters, "REQUESTED_BY": "alice"}


def test_terminate_names_the_instance(console: Site, jenkins: Jenkins) -> None:
    members = console.json(f"/groups/test/{EU}/shop-eu-v002")["group"]["members"]
    answer = start(console, wanted("terminate", instance=members[0]["id"]))
    assert answer.status_code == 202, answer.text
    assert jenkins.started[0][1]["INSTANCE"] == members[0]["id"]


# getting in


def test_without_an_identity_nothing_can_be_asked_for(console: Site, jenkins: Jenkins) -> None:
    body = wanted("resize", group="shop-eu-v002", desired=2)
    for path in ("/api/v1/plans", "/api/v1/operations"):
        answer = console.post(
            path,
            json={**body, "plan": "x"} if "operations" in path else body,
            headers={"Origin": console.url},
        )
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] == "no-right"
    assert jenkins.started == []


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ({"user": "mallory"}, wanted("resize", group="shop-eu-v002", desired=2)),
        ({"user": "carol"}, wanted("resize", group="shop-eu-v002", desired=2)),
        ({"user": "carol"}, wanted("deploy", image="ami-0123456789abcdef0")),
        ({"user": "alice"}, wanted("deploy", cluster="cart", image="ami-0123456789abcdef0")),
        ({"user": "alice", "actions": ("promote",)}, wanted("resize", group="shop-eu-v002", desired=2)),
        ({"user": "alice", "actions": ()}, wanted("resize", group="shop-eu-v002", desired=2)),
        ({"user": "alice", "applications": ("cart",)}, wanted("resize", group="shop-eu-v002", desired=2)),
    ],
)
def test_a_token_does_no_more_than_its_user_and_its_scope(
    console: Site, jenkins: Jenkins, more: dict[str, Any], body: dict[str, Any]
) -> None:
    for path in ("/api/v1/plans", "/api/v1/operations"):
        sent = {**body, "plan": "x"} if "operations" in path else body
        answer = console.post(path, json=sent, headers=token(console, **more))
        assert answer.status_code == 403, answer.text
    assert jenkins.started == []


def test_a_group_or_instance_of_another_cluster_is_none_of_this(console: Site, jenkins: Jenkins) -> None:
    other = console.json(f"/clusters/test/{EU}/cart")["groups"][0]["members"][0]["id"]
    for body in (wanted("terminate", instance=other), wanted("resize", group="cart-v000", desired=1)):
        answer = plan(console, body)
        assert answer.status_code == 422, answer.text
    assert jenkins.started == []


def test_every_route_that_changes_something_wants_a_right(console: Site) -> None:
    """Each operation of the description but those that look, and each form."""
    description = console.get("/api/v1/openapi.json").json()
    posts = [path for path, operations in description["paths"].items() if set(operations) - {"get"}]
    assert posts == ["/api/v1/plans", "/api/v1/operations"]
    app = console.console
    assert app is not None
    for path in ("/plans", "/operations", "/tokens", "/tokens/x/delete", "/logout"):
        assert console.post(path, data={"x": "y"}).status_code == 403, path


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_the_api_takes_json_only(console: Site, media: str) -> None:
    import json

    headers = {**token(console), "Content-Type": media}
    body = json.dumps(wanted("resize", group="shop-eu-v002", desired=2))
    assert console.post("/api/v1/plans", data=body, headers=headers).status_code in (415, 422)


# what is wrong


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (wanted("deploy", image="ami-1; rm -rf /"), ["image"]),
        (wanted("deploy"), ["image"]),
        (wanted("deploy", image="ami-0123456789abcdef0", IMAGE="x"), ["IMAGE"]),
        (wanted("deploy", image="ami-0123456789abcdef0", change_request="a\nb"), ["change_request"]),
        (wanted("deploy", image="ami-0123456789abcdef0", REQUESTED_BY="bob"), ["REQUESTED_BY"]),
        (wanted("resize", group="shop-eu-v009", min="x", max=-1), ["group", "min", "max"]),
        (wanted("resize", group="shop-eu-v002"), ["min, desired, max"]),
        (wanted("resize", group="shop-eu-v002", desired="٣"), ["desired"]),
        (wanted("traffic", group="shop-eu-v002", direction="up"), ["direction"]),
        (wanted("terminate", instance="i-0123456789abcdef0"), ["instance"]),
        (wanted("rollback", to="--cancel"), ["to"]),
        (wanted("rollback", reason="x" * 300), ["reason"]),
        (wanted("format"), ["action"]),
    ],
)
def test_everything_wrong_is_said_at_once_and_starts_nothing(
    console: Site, jenkins: Jenkins, body: dict[str, Any], words: list[str]
) -> None:
    answer = plan(console, body)
    expected = 403 if body["action"] == "format" else 422
    assert answer.status_code == expected, answer.text
    if expected == 422:
        assert [error.partition(":")[0] for error in answer.json()["errors"]] == words
    assert jenkins.started == []


def test_what_policy_refuses_is_in_the_plan_and_cannot_be_started(console: Site, jenkins: Jenkins) -> None:
    assert console.estate is not None
    body = wanted("deploy", account="production", image=console.estate.images["shop-1.3", TEST])
    values = plan(console, body).json()
    messages = " ".join(each["message"] for each in values["refusals"])
    assert "has not run in test yet" in messages
    assert "requires a change request" in messages
    answer = console.post(
        "/api/v1/operations", json={**body, "plan": values["digest"]}, headers=token(console)
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "refused"
    assert jenkins.started == []


def test_the_last_group_in_traffic_stays(console: Site, jenkins: Jenkins) -> None:
    values = plan(console, wanted("traffic", group="shop-eu-v002", direction="off")).json()
    assert "is the only group in traffic" in values["refusals"][0]["message"]


def test_a_plan_that_is_outdated_starts_nothing(console: Site, jenkins: Jenkins) -> None:
    assert console.estate is not None
    body, headers = wanted("resize", group="shop-eu-v002", desired=2), token(console)
    digest = console.post("/api/v1/plans", json=body, headers=headers).json()["digest"]
    client = console.estate.client("autoscaling", TEST)
    client.update_auto_scaling_group(AutoScalingGroupName="shop-eu-v002", MaxSize=5)
    answer = console.post("/api/v1/operations", json={**body, "plan": digest}, headers=headers)
    client.update_auto_scaling_group(AutoScalingGroupName="shop-eu-v002", MaxSize=3)
    assert answer.status_code == 409
    assert answer.json()["code"] == "outdated"
    other = wanted("resize", group="shop-eu-v002", desired=1)
    assert (
        console.post("/api/v1/operations", json={**other, "plan": digest}, headers=headers).status_code == 409
    )
    assert jenkins.started == []


def test_the_same_key_starts_a_job_once(console: Site, jenkins: Jenkins) -> None:
    body = wanted("resize", group="shop-eu-v002", desired=2)
    first, second = (start(console, body, key="k-1") for _ in range(2))
    assert first.json() == second.json()
    assert len(jenkins.started) == 1
    assert (
        start(console, body, key="k-1", user="bob").status_code == 202
    )  # the key of another user is another
    assert len(jenkins.started) == 2


@pytest.mark.parametrize(
    ("status", "words"), [(403, "does not let"), (404, "has no job"), (500, "refuses"), (302, "refuses")]
)
def test_what_jenkins_refuses_is_an_error_and_may_be_sent_again(
    console: Site, jenkins: Jenkins, status: int, words: str
) -> None:
    body, key = wanted("resize", group="shop-eu-v002", desired=2), f"refused-{status}"
    jenkins.status = status
    answer = start(console, body, key=key)
    assert answer.status_code == 502
    assert words in answer.json()["detail"]
    jenkins.status = 201
    assert start(console, body, key=key).status_code == 202


def test_a_cluster_that_is_locked_or_deploying_waits(tmp_path: Path, jenkins: Jenkins) -> None:
    (tmp_path / "jenkins-token").write_text("x")
    with site(tmp_path, SETTINGS.format(url=jenkins.url), furnished=False, read=False) as console:
        assert console.estate is not None
        image = console.estate.image("busy-1", application="shop", version="1")
        console.estate.group("shop-busy-v001", image, said=tagged(image, "1"))
        said = tagged(
            image, "2", **{tags.STATE: "waiting", tags.STRATEGY: "canary", tags.PREVIOUS: "shop-busy-v001"}
        )
        console.estate.group("shop-busy-v002", image, said=said)
        console.collector.read_once()
        path = f"/clusters/test/{EU}/shop-busy"
        text = console.get(path, headers=token(console)).text
        assert f'href="/change/promote/test/{EU}/shop-busy"' in text
        assert f'href="/change/rollback/test/{EU}/shop-busy"' in text
        assert f'href="/change/resize/test/{EU}/shop-busy"' not in text
        assert "The deploy of shop-busy-v002 is not over: waiting." in text
        answer = start(console, wanted("promote", cluster="shop-busy"))
        assert answer.status_code == 202, answer.text
        values = plan(
            console, wanted("resize", cluster="shop-busy", group="shop-busy-v001", desired=1)
        ).json()
        assert "is not over" in values["refusals"][0]["message"]


# pages


def _fields(text: str) -> dict[str, str]:
    form = text.partition("<main")[2]
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    }


def test_forms_lead_from_the_cluster_to_a_job_without_scripts(console: Site, jenkins: Jenkins) -> None:
    user = {"X-Forwarded-User": "alice", "Origin": console.url}
    cluster = console.get(f"/clusters/test/{EU}/shop-eu", headers=user).text
    address = f"/change/resize/test/{EU}/shop-eu"
    assert f'href="{address}"' in cluster
    form = _fields(console.get(f"{address}?group=shop-eu-v002", headers=user).text)
    answer = console.post("/plans", data={**form, "group": "shop-eu-v002", "desired": "2"}, headers=user)
    assert answer.status_code == 200, answer.text
    assert "min/desired/max 0/3/3 to 0/2/3" in answer.text
    assert jenkins.started == []
    confirm = _fields(answer.text)
    answer = console.post("/operations", data=confirm, headers=user)
    assert answer.status_code == 303, answer.text
    assert (
        "Jenkins has taken the job shop/resize for alice"
        in console.get(answer.headers["Location"], headers=user).text
    )
    assert len(jenkins.started) == 1
    assert console.post("/operations", data=confirm, headers=user).status_code == 303  # a second click
    assert len(jenkins.started) == 1


def test_a_change_of_production_is_typed(console: Site, jenkins: Jenkins) -> None:
    user = {"X-Forwarded-User": "alice", "Origin": console.url}
    form = _fields(console.get(f"/change/resize/production/{EU}/shop-eu", headers=user).text)
    answer = console.post("/plans", data={**form, "group": "shop-eu-v002", "desired": "2"}, headers=user)
    confirm = _fields(answer.text)
    assert "production" in answer.text
    assert console.post("/operations", data=confirm, headers=user).status_code == 422
    assert console.post("/operations", data={**confirm, "typed": "shop"}, headers=user).status_code == 422
    assert jenkins.started == []
    assert console.post("/operations", data={**confirm, "typed": "shop-eu"}, headers=user).status_code == 303
    assert len(jenkins.started) == 1


def test_what_is_not_allowed_is_greyed_with_its_reason(console: Site) -> None:
    path = f"/clusters/test/{EU}/shop-eu"
    anonymous = console.get(path).text
    assert "<button disabled" in anonymous
    assert "Log in to do that." in anonymous
    assert "/change/" not in anonymous
    mallory = console.get(path, headers={"X-Forwarded-User": "mallory"}).text
    assert "No role lets mallory deploy shop in test." in unescape(mallory)
    alice = console.get(path, headers={"X-Forwarded-User": "alice"}).text
    assert "No canary waits." in alice
    page = console.get(f"/change/promote/test/{EU}/shop-eu", headers={"X-Forwarded-User": "alice"})
    assert "Not now: No canary waits." in page.text


def test_images_that_policy_refuses_cannot_be_chosen(console: Site) -> None:
    page = console.get(f"/change/deploy/production/{EU}/shop-eu", headers={"X-Forwarded-User": "alice"}).text
    assert console.estate is not None
    refused, good = console.estate.images["shop-1.3", TEST], console.estate.images["shop-1.4", TEST]
    assert re.search(f'value="{refused}" required disabled', page)
    assert "has not run in test yet" in page
    assert re.search(f'value="{good}" required>', page)
    assert PRODUCTION  # the account the page is about


def test_all_of_it_is_in_the_audit_log(console: Site) -> None:
    start(console, wanted("resize", group="shop-eu-v002", desired=2), key="for the log")
    plan(console, wanted("resize", group="shop-eu-v002", desired=2), user="mallory")
    text = console.get("/audit", headers={"X-Forwarded-User": "alice"}).text
    assert "resize started" in text
    assert "resize refused" in text
    assert "mallory" in text
    assert "jenkins-secret" not in text


# the user's name in the job


@pytest.mark.parametrize(
    ("build_user", "requested_by", "console_user", "who"),
    [
        ("console", "alice", "console", "alice"),
        ("mallory", "alice", "console", "mallory"),
        ("", "alice", "console", ""),
        ("console", "", "console", "console"),
        ("console", "alice", "", "console"),
        ("", "alice", "", ""),
    ],
)
def test_who_asked_is_believed_of_the_console_alone(
    build_user: str, requested_by: str, console_user: str, who: str
) -> None:
    environment = {"BUILD_USER_ID": build_user, "REQUESTED_BY": requested_by}
    assert trigger_of(environment, "", console_user=console_user).jenkins_user == who
