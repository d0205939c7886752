"""Speaking to a controller: one request per call, patience, and errors by meaning."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Literal

import pytest
from urllib3 import HTTPHeaderDict

from jobdsl.controller.answer import Response
from jobdsl.controller.errors import AlreadyExistsError, LastViewError, NotFoundError, NotSignedInError
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.controller.transport import Server, server_at
from jobdsl.elements.untyped import element
from jobdsl.errors import ControllerError
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.http import HttpRequest
from jobdsl.testing.users import READER

PROJECT = "<project><description>d é</description></project>"
FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder/>"
LIST = "<hudson.model.ListView><name>v</name></hudson.model.ListView>"


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as simulated:
        yield simulated


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def controller(jenkins: SimulatedJenkins, pauses: list[float]) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token, sleep=pauses.append)


def refused(call: Callable[[], object]) -> ControllerError:
    with pytest.raises(ControllerError) as caught:
        call()
    assert "<" not in caught.value.message
    return caught.value


def test_each_call_is_one_request(jenkins: SimulatedJenkins, controller: Controller) -> None:
    controller.create("item", "a b+ü", PROJECT)
    controller.update("item", "a b+ü", PROJECT)
    assert b"d \xc3\xa9" in controller.config("item", "a b+ü")
    controller.describe("item", "a b+ü", "two & more\nlines")
    controller.disable("a b+ü")
    found = controller.look("item", "a b+ü")
    assert found is not None
    assert (found.description, found.disabled) == ("two & more\nlines", True)
    controller.enable("a b+ü")
    controller.delete("item", "a b+ü")
    assert [one.status for one in jenkins.requests] == [200, 200, 200, 302, 302, 200, 302, 204]
    assert controller.requests == len(jenkins.requests)
    assert controller.version == "2.568.2"


def test_views_and_folders(controller: Controller) -> None:
    controller.create("item", "f", FOLDER)
    controller.create("view", "f/v", LIST)
    controller.create("item", "f/x", PROJECT)
    controller.update("view", "f/v", LIST.replace("<name>", "<description>here</description><name>"))
    found = controller.look("view", "f/v")
    assert found is not None
    assert found.description == "here"
    assert sorted(held.key for held in controller.content("f")) == [("item", "f/x"), ("view", "f/v")]
    keys = {one.key for one in controller.inventory()}
    assert keys >= {("item", "f"), ("item", "f/x"), ("view", "f/v")}
    controller.delete("view", "f/v")
    assert controller.look("view", "f/v") is None
    controller.delete("item", "f")
    controller.delete("item", "f")  # being gone is no error


def test_names_in_another_letter_case_are_not_found(controller: Controller) -> None:
    controller.create("item", "x", PROJECT)
    assert controller.look("item", "X") is None


def test_moves(controller: Controller) -> None:
    for folder in ("f", "g"):
        controller.create("item", folder, FOLDER)
    controller.create("item", "f/x", PROJECT)
    controller.create("item", "f/y", PROJECT)
    controller.move("f/x", "f/z")
    controller.move("f/z", "g/z")
    controller.move("g/z", "y")  # in both at once
    controller.move("y", "f/n")
    assert controller.look("item", "f/n")
    controller.create("item", "g/q", PROJECT)
    controller.move("g/q", "f/n2")
    controller.move("f/y", "g/n3")
    controller.create("item", "g/taken", PROJECT)
    controller.move("g/n3", "taken")  # the new name is taken in the old folder
    assert controller.look("item", "taken")
    controller.move(
        "taken", "Taken", "taken~Taken"
    )  # Jenkins says that the name is in use: by the item itself
    assert controller.look("item", "Taken")
    controller.move("Taken", "taken", "Taken~taken")
    error = refused(lambda: controller.move("taken", "g/taken"))
    assert error.message == 'could not move "taken" to "g": the controller refused'


def test_plugins_and_labels(controller: Controller) -> None:
    assert "git" in controller.plugins()
    assert "built-in" in controller.labels()


def test_builds(jenkins: SimulatedJenkins, controller: Controller) -> None:
    asks = element("hudson.model.StringParameterDefinition", name="P")
    parameters = element("hudson.model.ParametersDefinitionProperty", parameterDefinitions=[asks])
    controller.create("item", "plain", PROJECT)
    controller.create("item", "asks", element("project", properties=[parameters]).write(""))
    controller.build("plain")
    controller.build("asks")
    assert jenkins.requests.of("POST", "buildWithParameters")[0].status == 201
    controller.disable("plain")
    assert refused(lambda: controller.build("plain")).status == 409


# errors


def test_errors_by_meaning(controller: Controller) -> None:
    controller.create("item", "x", PROJECT)
    error = refused(lambda: controller.create("item", "X", PROJECT))
    assert isinstance(error, AlreadyExistsError)
    assert error.message == 'could not create "X": A job already exists with the name X'
    assert isinstance(refused(lambda: controller.config("item", "none")), NotFoundError)
    assert isinstance(refused(lambda: controller.create("item", "none/x", PROJECT)), NotFoundError)
    error = refused(lambda: controller.create("item", "bad", "<nonsense/>"))
    assert (error.status, error.hint[:24]) == (500, "Jenkins gives no reason;")


def test_a_wrong_token(jenkins: SimulatedJenkins, pauses: list[float]) -> None:
    error = refused(connect(jenkins.url, "admin", "wrong", sleep=pauses.append).inventory)
    assert isinstance(error, NotSignedInError)
    assert (sum(pauses), len(jenkins.requests)) == (2.0, 3)  # few: directories lock accounts out
    assert 'does not accept user "admin" and this token' in error.message
    assert "JENKINS_TOKEN" in error.hint


def test_nobody_signed_in(jenkins: SimulatedJenkins) -> None:
    error = refused(connect(jenkins.url).inventory)
    assert isinstance(error, NotSignedInError)
    assert "requires a login" in error.message


def test_only_the_last_view_is_not_deleted(jenkins: SimulatedJenkins, controller: Controller) -> None:
    error = refused(lambda: controller.delete("view", "all"))
    assert isinstance(error, LastViewError)
    assert "only view" in error.message
    controller.create("view", "v", LIST)
    controller.delete("view", "all")  # the primary one, and the next takes its place
    assert list(jenkins.views) == ["v"]
    jenkins.fail_next("/view/v/doDelete", 500)
    controller.create("view", "w", LIST)
    assert not isinstance(refused(lambda: controller.delete("view", "v")), LastViewError)


def test_a_missing_permission_is_named(jenkins: SimulatedJenkins) -> None:
    reader = jenkins.add_user("reader", permissions=READER)
    error = refused(lambda: connect(jenkins.url, "reader", reader.token).create("item", "x", PROJECT))
    assert not isinstance(error, NotSignedInError)
    assert error.message == 'could not create "x": "reader" may not do that'
    assert error.hint == 'give "reader" the permission Item.Create'


@pytest.mark.parametrize("url", ["jenkins.example.com", "http://[bad", "http://127.0.0.1:99999/"])
def test_what_is_no_address(url: str) -> None:
    error = refused(lambda: connect(url))
    assert error.message == f"{url!r} is not a valid controller URL"


@pytest.mark.parametrize(
    ("page", "root"),
    [
        ("https://ci.example.com/view/some/", "https://ci.example.com/"),
        ("https://ci.example.com/jenkins/job/team/job/app/42/console", "https://ci.example.com/jenkins/"),
        ("https://ci.example.com/jenkins/job/team/view/All", "https://ci.example.com/jenkins/"),
        ("https://ci.example.com:8443/login?from=%2F", "https://ci.example.com:8443/"),
        ("https://ci.example.com/?auto_refresh=true", "https://ci.example.com/"),
        ("https://ci.example.com/#top", "https://ci.example.com/"),
        ("https://ci.example.com/computer/", "https://ci.example.com/"),
        ("https://ci.example.com/user/anna/my-views/view/all/", "https://ci.example.com/"),
        ("https://ci.example.com/api/json?pretty=true", "https://ci.example.com/"),
        (
            "https://ci.example.com/jenkins/blue/organizations/jenkins/pipelines",
            "https://ci.example.com/jenkins/",
        ),
    ],
)
def test_the_address_of_a_page_is_told_from_the_controllers(page: str, root: str) -> None:
    error = refused(lambda: connect(page))
    assert (error.message, error.hint) == (
        f"{page!r} is the address of a page of a controller, not the controller's own",
        f"use {root}",
    )
    connect(root)


@pytest.mark.parametrize(
    "url", ["http://ci/job/", "https://ci.example.com/view", "https://ci.example.com/jobs/x"]
)
def test_a_path_that_only_resembles_a_page_is_a_controllers(url: str) -> None:
    assert connect(url).url.rstrip("/") == url.rstrip("/")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read"), ("", "holds no certificates"), ("x", "holds no certificates")],
)
def test_certificates_that_cannot_be_read_are_named(
    variable: str, content: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(bundle))
    error = refused(lambda: connect("https://127.0.0.1/"))
    assert error.message == f"{variable} names {bundle}, which {reason}"
    connect("http://127.0.0.1/")  # asks for no certificate


def test_a_user_without_a_token_is_nobody(jenkins: SimulatedJenkins) -> None:
    assert "requires a login" in refused(connect(jenkins.url, jenkins.user).inventory).message


def test_plain_http_is_no_question_of_certificates() -> None:
    # a server of its own: whether a real one answers at once depends on the random bytes of a TLS greeting
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        server = threading.Thread(target=answer)
        server.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        error = refused(connect(url, "a", "b", patience=0).inventory)
        server.join()
    assert error.message.endswith("the TLS handshake failed")
    assert error.hint == "is it http://?"


NO_JENKINS = [
    b"{}", b"[]", b"null", b'"x"', b"", b'{"jobs": [{}]}', b"<html>", b"\xff", b"[" * 200_000,
    b'{"_class": "x", "jobs": [{}], "plugins": [{}], "computer": [{}], "credentials": [{}]}',
    b'{"_class": "x", "jobs": 3, "plugins": 3, "computer": 3, "credentials": 3}',
    b'{"_class": "x", "jobs": [3], "plugins": [3], "computer": [3], "credentials": [3]}',
    b'{"_class": "x", "jobs": [{"name": 3}], "plugins": [{"shortName": []}], "computer": [{"assignedLabels": [{"name": {}}]}], "credentials": [{"id": {}}]}',
    b'{"_class": "x", "jobs": [{"name": "a", "description": 3}], "plugins": [[]], "computer": [{"assignedLabels": 1}], "credentials": [[]]}',
    b'{"_class": 3, "jobs": [{"name": "a", "_class": []}]}',
]  # fmt: skip


@pytest.mark.parametrize("answer", NO_JENKINS, ids=range(len(NO_JENKINS)))
def test_what_is_no_jenkins(jenkins: SimulatedJenkins, answer: bytes) -> None:
    controller = connect(jenkins.url, jenkins.user, jenkins.token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "jobdsl.controller.transport.Server.exchange",
            lambda *_: Response(200, HTTPHeaderDict({"X-Jenkins": "1"}), answer),
        )
        assert "does not answer as a Jenkins" in refused(controller.inventory).message
        assert "does not answer as a Jenkins" in refused(controller.plugins).message
        assert "does not answer as a Jenkins" in refused(controller.labels).message
        assert "does not answer as a Jenkins" in refused(controller.credentials).message
        assert "does not answer as a Jenkins" in refused(lambda: controller.look("item", "x")).message
        assert "does not answer as a Jenkins" in refused(lambda: controller.content("x")).message


@pytest.mark.parametrize("answer", [b"[]", b"{}", b"x", b'{"crumb": 3, "crumbRequestField": []}'])
def test_what_is_no_crumb(jenkins: SimulatedJenkins, answer: bytes) -> None:
    controller = connect(jenkins.url, jenkins.user, jenkins.password)
    asked = Server.exchange

    def exchange(self: Server, method: str, path: str, *rest: object) -> Response:
        if "crumbIssuer" in path:
            return Response(200, HTTPHeaderDict(), answer)
        return asked(self, method, path, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobdsl.controller.transport.Server.exchange", exchange)
        error = refused(lambda: controller.create("item", "x", PROJECT))
    assert "could not get a crumb" in error.message


def test_a_login_page_in_place_of_an_answer(jenkins: SimulatedJenkins, controller: Controller) -> None:
    controller.create("item", "x", PROJECT)
    calls: list[Callable[[], object]] = [
        controller.inventory,
        lambda: controller.config("item", "x"),
        lambda: controller.create("item", "y", PROJECT),
        lambda: controller.update("item", "x", PROJECT),
        lambda: controller.describe("item", "x", "d"),
        lambda: controller.disable("x"),
        lambda: controller.build("x"),
        lambda: controller.move("x", "z"),
        lambda: controller.delete("item", "x"),
    ]
    for call in calls:
        jenkins.fail_next(None, "page")
        error = refused(call)
        assert isinstance(error, NotSignedInError)
        assert "answers with an HTML page" in error.message
        assert "login page in front" in error.hint
    assert list(jenkins.items) == ["x"]


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("create", "/job/x/"),  # a document that was taken is answered 200
        ("update", "https://sso.example.com/"),
        ("disable", "https://sso.example.com/authorize?client_id=j&redirect_uri=x"),
        ("disable", "{url}/login?from=%2Fjob%2Fx%2Fdisable"),
        ("disable", "/securityRealm/commenceLogin?from=x"),
        ("disable", "{https}/job/x/disable"),
    ],
)
def test_sent_elsewhere_is_no_success(controller: Controller, asked: str, location: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: controller.create("item", "y", PROJECT),
        "update": lambda: controller.update("item", "x", PROJECT),
        "disable": lambda: controller.disable("x"),
    }
    place = location.format(url=controller.url, https=controller.url.replace("http:", "https:").rstrip("/"))
    with pytest.MonkeyPatch.context() as patch:
        answer = Response(302, HTTPHeaderDict({"Location": place}), b"")
        patch.setattr("jobdsl.controller.transport.Server.exchange", lambda *_: answer)
        error = refused(calls[asked])
    assert "redirected to" in error.message or "requires a login" in error.message


@pytest.mark.parametrize(
    "location", ["", ".", "/job/x/", "http://internal:8080/job/x/", "https://j/jenkins/"]
)
def test_what_a_form_is_answered_with_is_a_success(controller: Controller, location: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        answer = Response(302, HTTPHeaderDict({"Location": location}), b"")
        patch.setattr("jobdsl.controller.transport.Server.exchange", lambda *_: answer)
        controller.disable("x")


def test_a_host_that_does_not_answer_does_not_take_a_minute(pauses: list[float]) -> None:
    with SimulatedJenkins() as gone:
        url = gone.url
    error = refused(connect(url, "a", "b", sleep=pauses.append).inventory)
    assert "connection refused" in error.message
    assert sum(pauses) <= 2


# patience


def test_a_restart_is_waited_out(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    jenkins.fail_next("/createItem", 503, times=2)
    jenkins.fail_next("/createItem", 401, times=2)  # its accounts are not loaded yet
    controller.create("item", "x", PROJECT)
    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_a_401_after_a_controller_was_gone_is_waited_out(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    controller.inventory()
    jenkins.fail_next("/createItem", "drop")
    jenkins.fail_next("/createItem", 401)
    controller.create("item", "x", PROJECT)
    assert pauses == [0.25, 0.5]


def test_a_401_of_a_running_controller_is_final(jenkins: SimulatedJenkins, controller: Controller) -> None:
    controller.inventory()
    jenkins.fail_next("/createItem", 401)
    assert isinstance(refused(lambda: controller.create("item", "x", PROJECT)), NotSignedInError)


@pytest.mark.parametrize("times", [1, 2])
def test_who_comes_in_the_second_after_a_start_is_let_in(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float], times: int
) -> None:
    """A controller that has just started answers 401 to a valid token for about a second."""
    jenkins.fail_next(None, 401, times=times)
    assert controller.inventory().get("item", "none") is None
    assert pauses == [1.0] * times


def test_a_start_seen_from_its_beginning_is_waited_out(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    for status, times in (("drop", 2), (503, 4), ("drop", 1), (401, 3)):
        jenkins.fail_next(None, status, times=times)  # type: ignore[arg-type]
    controller.inventory()
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0, 5.0]


def test_a_late_401_of_the_start_is_no_refusal(jenkins: SimulatedJenkins) -> None:
    """Another thread may have got in while this one's answer was under way."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            ours.inventory()

    ours = connect(jenkins.url, jenkins.user, jenkins.token, sleep=sleep)
    jenkins.fail_next("/createItem", 503)
    jenkins.fail_next("/createItem", 401)
    ours.create("item", "x", PROJECT)
    assert waited == [0.25, 0.5]


def test_a_dropped_connection_is_tried_again(jenkins: SimulatedJenkins, controller: Controller) -> None:
    jenkins.fail_next(None, "drop", times=3)
    controller.create("item", "x", PROJECT)
    assert "x" in jenkins.items


@pytest.mark.parametrize(("trouble", "times"), [("lose", 1), ("drop", 0), (503, 0)])
def test_what_a_second_time_would_undo_is_sent_once(
    jenkins: SimulatedJenkins,
    controller: Controller,
    pauses: list[float],
    trouble: Literal["lose", "drop", 503],
    times: int,
) -> None:
    jenkins.add_node("a", "<slave/>")
    controller.inventory()
    jenkins.fail_next("/computer/a/toggleOffline", trouble)
    refused(lambda: controller.post("computer/a/toggleOffline", "mark it", once=True))
    assert (jenkins.computer("a").mark is not None) == bool(times)
    assert pauses == []


@pytest.mark.parametrize("status", [429, 520, 521, 522, 523, 524, 529])
def test_an_overloaded_proxy_is_waited_for(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float], status: int
) -> None:
    jenkins.fail_next(None, status, times=3)  # before anything else was answered
    controller.create("item", "x", PROJECT)
    assert pauses == [0.25, 0.5, 1.0]
    jenkins.fail_next(None, status, headers={"Retry-After": "7"})
    controller.update("item", "x", PROJECT)
    assert pauses[3:] == [7.0]
    pauses.clear()
    jenkins.fail_next(None, status, times=1000)
    error = refused(controller.inventory)
    assert (error.status, "--workers" in error.hint) == (status, True)
    assert 30 < sum(pauses) <= 60


def test_a_time_to_wait_is_kept_up_to_five_minutes(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    in_two_minutes = formatdate(time.time() + 120, usegmt=True)
    jenkins.fail_next(None, 503, headers={"Retry-After": in_two_minutes})
    controller.inventory()
    jenkins.fail_next(None, 429, headers={"Retry-After": "soon"})
    controller.inventory()
    assert 110 < pauses[0] <= 121
    assert pauses[1:] == [0.25]
    jenkins.fail_next(None, 429, headers={"Retry-After": "301"})
    error = refused(controller.inventory)
    assert error.hint.startswith("it requests a wait of 301 s; ")
    assert len(pauses) == 2


def test_what_was_not_carried_out_is_sent_again_even_if_it_may_be_sent_once_only(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    jenkins.add_node("a", "<slave/>")
    jenkins.fail_next("/computer/a/toggleOffline", 429)
    controller.post("computer/a/toggleOffline", "mark it", once=True)
    assert jenkins.computer("a").mark is not None
    assert pauses == [0.25]


def test_patience_ends(jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]) -> None:
    controller.inventory()
    jenkins.fail_next(None, 503, times=1000)
    error = refused(controller.inventory)
    assert (error.status, error.hint) == (503, "it is starting, or overloaded")
    assert 30 < sum(pauses) <= 60


def test_who_gave_up_once_does_not_wait_again_until_something_answers(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    controller.inventory()
    jenkins.fail_next(None, "drop", times=1000)
    refused(controller.inventory)
    assert sum(pauses) > 30
    pauses.clear()
    refused(controller.inventory)
    assert pauses == []
    jenkins.heal()
    controller.inventory()
    jenkins.fail_next(None, 503)
    controller.inventory()
    assert pauses == [0.25]


def test_what_is_sent_once_gives_nothing_up(
    jenkins: SimulatedJenkins, controller: Controller, pauses: list[float]
) -> None:
    controller.inventory()
    jenkins.fail_next(None, "drop", times=2)
    refused(lambda: controller.post("job/x/toggle", "toggle", once=True))
    controller.inventory()
    assert pauses == [0.25]


def test_the_time_a_request_took_is_part_of_the_wait(jenkins: SimulatedJenkins, pauses: list[float]) -> None:
    """A controller that accepts connections and says nothing would else be waited for again and again."""
    now = [0.0]

    def clock() -> float:
        now[0] += 40.0
        return now[0]

    controller = connect(jenkins.url, jenkins.user, jenkins.token, sleep=pauses.append, clock=clock)
    jenkins.fail_next(None, 503, times=1000)
    refused(controller.inventory)
    assert pauses == [0.25]


# passwords


def test_a_password_needs_a_crumb_and_its_session(jenkins: SimulatedJenkins) -> None:
    controller = connect(jenkins.url, jenkins.user, jenkins.password, threads=4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: controller.create("item", f"x{n}", PROJECT), range(8)))
    controller.delete("item", "x0")
    assert len(jenkins.items) == 7
    assert len(jenkins.requests.of("GET", "crumbIssuer")) == 1


def test_the_session_is_found_among_a_balancers_cookies() -> None:
    headers = HTTPHeaderDict()
    for cookie in ("AWSALB=x; Expires=Mon, 30 Nov 2026 09:00:00 GMT; Path=/", "JSESSIONID.1=node0; Path=/"):
        headers.add("Set-Cookie", cookie)
    assert Response(200, headers, b"").cookies == "AWSALB=x; JSESSIONID.1=node0"
    assert Response(200, HTTPHeaderDict(), b"").cookies == ""


def test_refusals_are_asked_for_in_english(jenkins: SimulatedJenkins, controller: Controller) -> None:
    """Jenkins words them in the language of the request, or of its own host."""
    asked: list[str] = []

    def spoken(request: HttpRequest) -> bool:
        asked.append(request.headers.get("accept-language", ""))
        return False

    jenkins.fail_next(spoken)
    controller.inventory()
    assert asked == ["en"]


def test_a_token_needs_none(jenkins: SimulatedJenkins, controller: Controller) -> None:
    controller.create("item", "x", PROJECT)
    assert jenkins.requests.of("GET", "crumbIssuer") == []


def test_threads_share_a_pool(jenkins: SimulatedJenkins) -> None:
    controller = connect(jenkins.url, jenkins.user, jenkins.token, threads=2)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: controller.create("item", f"x{n}", PROJECT), range(30)))
    assert len(jenkins.items) == 30


def test_the_environment_adds_headers_and_turns_verification_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JENKINS_API_EXTRA_HEADERS", "X-Team: payments\nnone\nX-Two:a:b")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    server = server_at("https://jenkins.example.com", "me", "t", 1, (1.0, 1.0))
    assert server._headers.items() >= {"X-Team": "payments", "X-Two": "a:b", "User-Agent": "jobdsl"}.items()
    assert vars(server._pool)["cert_reqs"] == "CERT_NONE"
    monkeypatch.delenv("PYTHONHTTPSVERIFY")
    server = server_at("https://jenkins.example.com", "me", "t", 1, (1.0, 1.0))
    assert vars(server._pool)["cert_reqs"] == "CERT_REQUIRED"
