"""Who is informed of a deploy: each service gets what it takes, and none of them harms the deploy."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from http_server import HttpServer, Response, http_server

from delivery.errors import SettingsError
from delivery.notify.event import DeployEvent
from delivery.notify.notifier import Notifier
from delivery.settings import loads
from delivery_world import World, world
from deploy_case import NEW, TOML, Case, Make, active, cases, commands

EVENT = DeployEvent(
    event="end", text="shop-v001 (shop 2.0 <x>) is active", application="shop", cluster="shop", account="test",
    region="eu-west-1", release="shop 2.0", outcome="deployed", user="alice", change_request="CHG1",
    build_url="https://jenkins.example.com/job/deploy/7/", at=1_800_000_060.5, begun=1_800_000_000.0,
)  # fmt: skip
TITLE = "shop in test, eu-west-1: shop-v001 (shop 2.0 <x>) is active, by alice, CHG1"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.responses["/hook"] = Response(200)
        yield running


@pytest.fixture(scope="module")
def account() -> Iterator[World]:
    with world() as made:
        yield made


def send(one: World, toml: str, *events: DeployEvent, patience: float = 10.0) -> list[str]:
    """Send events as the settings say; gives the warnings."""
    said: list[str] = []
    notifier = Notifier(loads(toml).notify, one.aws, said.append, patience)
    for event in events or (EVENT,):
        notifier.send(event)
    notifier.close()
    return said


def body(server: HttpServer) -> Any:
    return json.loads(server.requests[-1].body)


def test_slack_gets_a_line_whose_address_is_a_secret(
    account: World, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK", f"{server.url}/hook")
    assert send(account, '[notify.s]\nkind = "slack"\nsecret = "env:SLACK"\n') == []
    assert body(server) == {
        "text": TITLE.replace("<x>", "&lt;x&gt;") + " <https://jenkins.example.com/job/deploy/7/|build>"
    }


def test_teams_gets_a_card(account: World, server: HttpServer) -> None:
    account.raw("ssm").put_parameter(Name="/deploy/teams", Value=f"{server.url}/hook", Type="SecureString")
    assert send(account, '[notify.t]\nkind = "teams"\nsecret = "ssm:/deploy/teams"\n') == []
    (attachment,) = body(server)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["body"][0]["text"] == TITLE
    assert {"title": "outcome", "value": "deployed"} in attachment["content"]["body"][1]["facts"]


def test_a_webhook_gets_all_of_the_event_with_a_token(account: World, server: HttpServer) -> None:
    account.raw("secretsmanager").create_secret(Name="hook", SecretString="t0ken")
    toml = f'[notify.w]\nkind = "webhook"\nurl = "{server.url}/hook"\nsecret = "secretsmanager:hook"\n'
    assert send(account, toml) == []
    assert server.requests[-1].headers["Authorization"] == "Bearer t0ken"
    assert body(server)["at"] == "2027-01-15T08:01:00Z"
    assert body(server)["outcome"] == "deployed"


def test_grafana_gets_an_annotation_over_the_time_of_the_run(
    account: World, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA", "glsa")
    server.responses["/api/annotations"] = Response(200)
    toml = f'[notify.g]\nkind = "grafana"\nurl = "{server.url}/"\nsecret = "env:GRAFANA"\n'
    assert send(account, toml) == []
    assert body(server) == {
        "time": 1_800_000_000_000,
        "timeEnd": 1_800_000_060_500,
        "tags": ["deploy", "shop", "shop", "test", "eu-west-1", "end", "deployed"],
        "text": TITLE,
    }


def test_an_sns_topic_gets_json_with_attributes_to_filter_by(account: World) -> None:
    topic = account.raw("sns").create_topic(Name="deploys")["TopicArn"]
    queue = account.raw("sqs").create_queue(QueueName="deploys")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:deploys"
    account.raw("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert send(account, f'[notify.n]\nkind = "sns"\ntopic = "{topic}"\n') == []
    (message,) = account.raw("sqs").receive_message(QueueUrl=queue)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == TITLE[:100]
    assert json.loads(envelope["Message"])["cluster"] == "shop"
    assert envelope["MessageAttributes"]["outcome"] == {"Type": "String", "Value": "deployed"}


def test_cloudwatch_gets_a_metric(account: World) -> None:
    assert send(account, '[notify.c]\nkind = "cloudwatch"\n') == []
    (metric,) = account.raw("cloudwatch").list_metrics(Namespace="Delivery")["Metrics"]
    assert metric["MetricName"] == "Deploys"
    assert {each["Name"]: each["Value"] for each in metric["Dimensions"]} == {
        "Application": "shop", "Cluster": "shop", "Event": "deployed",
    }  # fmt: skip


@contextmanager
def mail_server(refuse: bytes = b"") -> Iterator[tuple[int, list[bytes]]]:
    """A mail server for one connection; gives its port and what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    lines: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as received:
            connection.sendall(b"220 mail\r\n")
            is_data = False
            for line in received:
                lines.append(line)
                if is_data:
                    if line == b".\r\n":
                        is_data = False
                        connection.sendall(b"250 ok\r\n")
                    continue
                command = line[:4].upper()
                is_data = command == b"DATA"
                refused = refuse and command == refuse
                answers = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}
                connection.sendall(b"550 no\r\n" if refused else answers.get(command, b"250 ok\r\n"))
                if command == b"QUIT":
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield listener.getsockname()[1], lines
        thread.join(5)


def mail(port: int) -> str:
    return (
        f'[notify.m]\nkind = "mail"\nserver = "127.0.0.1:{port}"\ntls = "none"\n'
        'sender = "jenkins@example.com"\nto = ["a@example.com", "b@example.com"]\n'
    )


def test_a_mail_is_sent_to_all_addresses(account: World) -> None:
    with mail_server() as (port, lines):
        assert send(account, mail(port)) == []
    text = b"".join(lines).decode().replace("\r\n ", " ")  # long headers are folded
    assert "rcpt TO:<a@example.com>" in text
    assert "rcpt TO:<b@example.com>" in text
    assert "Subject: shop in test, eu-west-1" in text
    assert "outcome: deployed" in text


def test_a_mail_server_that_refuses_is_reported_once(account: World) -> None:
    with mail_server(b"RCPT") as (port, _):
        (warning,) = send(account, mail(port))
    assert "notify.m: SMTPRecipientsRefused" in warning
    (warning,) = send(account, mail(9), EVENT, EVENT)
    assert "ConnectionRefusedError" in warning


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (Response(404), "HTTP 404 from 127.0.0.1"),
        (Response(302, headers={"Location": "http://x/"}), "HTTP 302"),
    ],
)
def test_what_fails_is_reported_once_and_without_the_secret(
    account: World, server: HttpServer, monkeypatch: pytest.MonkeyPatch, response: Response, problem: str
) -> None:
    server.responses["/geheim"] = response
    monkeypatch.setenv("SLACK", f"{server.url}/geheim")
    said = send(account, '[notify.s]\nkind = "slack"\nsecret = "env:SLACK"\n', EVENT, EVENT)
    assert len(said) == 1
    assert problem in said[0]
    assert "geheim" not in said[0]
    assert len(server.requests) == 2


def test_a_secret_that_is_nowhere_is_reported(account: World) -> None:
    toml = "".join(
        f'[notify.{name}]\nkind = "slack"\nsecret = "{secret}"\n'
        for name, secret in (("a", "env:NOT_SET"), ("b", "ssm:/none"), ("c", "secretsmanager:none"))
    )
    said = send(account, toml)
    assert "environment variable NOT_SET is not set" in said[0]
    assert "reading parameter /none: ParameterNotFound" in said[1]
    assert "reading secret none: ResourceNotFoundException" in said[2]


def test_a_service_that_hangs_holds_up_neither_the_deploy_nor_the_others(
    account: World, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    def wait() -> None:
        free.wait(20)

    server.responses["/hang"] = Response(200, hang=wait)
    toml = f'[notify.a]\nkind = "webhook"\nurl = "{server.url}/hang"\n'
    toml += f'[notify.b]\nkind = "webhook"\nurl = "{server.url}/hook"\n'
    begun = time.monotonic()
    said = send(account, toml, EVENT, EVENT, patience=0.5)
    free.set()
    assert time.monotonic() - begun < 5
    assert said == ["warning: notify.a: it does not answer; events may not have arrived; the run goes on"]
    assert [request.path for request in server.requests].count("/hook") == 2


def test_events_applications_and_accounts_choose_who_is_informed(account: World, server: HttpServer) -> None:
    hook = f'kind = "webhook"\nurl = "{server.url}/hook"\n'
    assert (
        send(
            account,
            f'[notify.a]\n{hook}events = ["begin"]\n[notify.b]\n{hook}applications = ["cart*"]\n'
            f'[notify.c]\n{hook}accounts = ["prod*"]\n',
        )
        == []
    )
    assert server.requests == []


@pytest.mark.parametrize(
    ("toml", "line", "message"),
    [
        ('kind = "slack"\nsecret = "https://hooks.slack.com/geheim"', 3, "must be env:NAME, ssm:NAME or"),
        ('kind = "slack"\nurl = "https://hooks.slack.com/x"', 1, "needs secret"),
        ('kind = "slack"\nurl = "https://hooks.slack.com/x"', 3, "url has no effect"),
        ('kind = "slak"', 2, "must be"),
        ("", 1, "has no kind"),
        ('kind = "mail"\nserver = "h"\nsender = "a@b"\nto = ["x y"]', 5, "must be a mail address"),
        ('kind = "mail"\nserver = "h"\nsender = "a@b\\nBcc: c@d"\nto = ["a@b"]', 4, "must be a mail address"),
        ('kind = "mail"\nserver = "h"\nsender = "a@b"\nto = ["a@b"]\nuser = "u"', 6, "a user and no secret"),
        ('kind = "sns"\ntopic = "deploys"', 3, "must be the ARN"),
        ('kind = "webhook"\nurl = "https://u:p@h/"', 3, "without a user or password"),
        ('kind = "webhook"\nurl = "https://h/"\nevents = ["ende"]', 4, "no event"),
        ('kind = "cloudwatch"\naccounts = ["nowhere"]', 3, "there is no account"),
    ],
)
def test_what_is_wrong_in_the_settings_has_its_line(toml: str, line: int, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loads(f"[notify.x]\n{toml}\n")
    found = [
        (problem.where.line if problem.where else 0, problem.message) for problem in caught.value.problems
    ]
    assert any(at == line and message in text for at, text in found), found
    assert "geheim" not in str(found)


@pytest.fixture
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def sent(server: HttpServer) -> list[tuple[str, str]]:
    found = [json.loads(request.body) for request in server.requests]
    return [(each["event"], each["text"]) for each in found]


def with_hook(one: Case, server: HttpServer) -> None:
    one.settings = loads(f'{TOML}[notify.w]\nkind = "webhook"\nurl = "{server.url}/hook"\n')


def test_begin_decision_and_end_of_a_canary_are_reported(
    make: Make, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    with_hook(one, server)
    give = commands(one, monkeypatch)
    assert give("deploy", "--image", one.image, "--strategy", "canary") == 4
    assert give("promote") == 0
    assert give("rollback") == 0
    texts = [f"{event}: {text}" for event, text in sent(server)]
    assert [text.partition(" ")[0] for text in texts] == ["begin:", "decision:", "end:"] * 2 + [
        "begin:",
        "end:",
    ]
    assert texts[0].startswith("begin: deploy of shop-2.0")
    assert texts[1] == f"decision: {NEW} waits for delivery promote or delivery rollback"
    assert texts[4] == f"decision: {NEW} is promoted"
    assert "is rolled back" in texts[-1]


def test_a_deploy_that_is_refused_is_not_reported_and_a_dead_hook_harms_none(
    make: Make, server: HttpServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make()
    with_hook(one, server)
    give = commands(one, monkeypatch)
    assert give("deploy", "--image", "ami-00000000000000000") == 2
    assert server.requests == []
    server.responses["/hook"] = Response(500)
    assert give("deploy", "--image", one.image) == 0
    active(one, NEW)
    assert capsys.readouterr().err.count("warning: notify.w: HTTP 500") == 1
