from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.change_requests import TOKEN, ask
from delivery.errors import REFUSED, PolicyError
from delivery.permission import permit
from delivery.policy import DeployRequest, refusals
from delivery.settings import Account, DeliverySettings, loads
from delivery.sharing import mark_tested
from delivery_world import REGION, world

ACCOUNTS = """
[accounts.test]
id = "111111111111"
role = "arn:aws:iam::111111111111:role/deployer"

[accounts.live]
id = "222222222222"
role = "arn:aws:iam::222222222222:role/deployer"
production = true
change_request = "CHG[0-9]{4}"
"""
TESTED = {"delivery:tested-in/test/shop-test": "2027-01-15T08:00:00Z"}


def told(text: str, request: DeployRequest, account: str = "live") -> list[str]:
    settings = loads(text)
    return [f"{one.message} ({one.hint})" for one in refusals(settings, settings.accounts[account], request)]


def test_a_change_request_and_a_test_open_production() -> None:
    assert told(ACCOUNTS, DeployRequest("shop", "ami-1", "", "CHG1234", TESTED)) == []
    assert told(ACCOUNTS, DeployRequest("shop", "ami-1"), "test") == []


def test_everything_against_it_is_told_at_once_with_the_way_out() -> None:
    text = (
        ACCOUNTS
        + 'apps = ["cart"]\ndeployers = ["*:role/release-*"]\n[apps.shop]\naccounts = ["test"]\ndeployers = []\n'
    )
    assert told(text, DeployRequest("shop", "ami-1", "arn:aws:iam::1:role/dev")) == [
        "application shop may not be deployed in live (accounts.live.apps names cart)",
        "application shop is not deployed in live (apps.shop.accounts names test)",
        "arn:aws:iam::1:role/dev may not deploy shop in live (accounts.live.deployers names *:role/release-*)",
        "arn:aws:iam::1:role/dev may not deploy shop in live (apps.shop.deployers names none)",
        "live requires a change request (set --change-request to its number, which matches CHG[0-9]{4})",
        "ami-1 has not run in test yet (run delivery deploy --account test --image ami-1 first)",
    ]


@pytest.mark.parametrize("request_", ["CHG123", "xCHG1234", "CHG1234 ", "CHG12345"])
def test_a_change_request_matches_as_a_whole(request_: str) -> None:
    (said,) = told(ACCOUNTS, DeployRequest("shop", "ami-1", "", request_, TESTED))
    assert said.startswith(f"{request_!r} is not a change request of live")


@pytest.mark.parametrize(
    "tags", [{}, {"delivery:tested-in/tests/shop": "x"}, {"delivery:tested-in/test/shop": ""}]
)
def test_tested_elsewhere_or_never_is_not_tested(tags: dict[str, str]) -> None:
    (said,) = told(ACCOUNTS, DeployRequest("shop", "ami-1", "", "CHG1234", tags))
    assert "has not run in test yet" in said


@pytest.mark.parametrize(
    ("cluster", "clusters", "counts"),
    [
        ("shop", None, True),
        ("shop-test-eu", None, True),
        ("scratch", None, False),
        ("shopper", None, False),
        ("my-shop", None, False),
        ("", None, False),
        ("shop-scratch", '["shop-test*"]', False),
        ("shop-test-eu", '["shop-test*"]', True),
        ("cart-test", '["*"]', False),
    ],
)
def test_only_test_clusters_of_the_application_count(
    cluster: str, clusters: str | None, counts: bool
) -> None:
    text = ACCOUNTS + (f"[apps.shop]\ntest_clusters = {clusters}\n" if clusters else "")
    found = told(
        text, DeployRequest("shop", "ami-1", "", "CHG1234", {f"delivery:tested-in/test/{cluster}": "x"})
    )
    assert (found == []) is counts
    if not counts and cluster:
        assert f"ami-1 ran only in {cluster} of test, which is no test cluster of shop" in found[0]


def test_a_scratch_cluster_takes_nothing_from_a_tested_image() -> None:
    assert (
        told(
            ACCOUNTS,
            DeployRequest("shop", "ami-1", "", "CHG1234", {**TESTED, "delivery:tested-in/test/scratch": "x"}),
        )
        == []
    )


def test_an_image_that_is_not_there_may_be_in_another_region() -> None:
    (said,) = told(ACCOUNTS, DeployRequest("shop", "ami-1", "", "CHG1234", None))
    assert said.startswith("ami-1 does not exist in test (check the region, or run delivery deploy")


@given(st.text(), st.text(), st.none() | st.dictionaries(st.text(), st.text()))
def test_production_is_never_reached_without_a_change_request(
    app: str, caller: str, tags: dict[str, str] | None
) -> None:
    account = Account("live", production=True)
    settings = DeliverySettings({"live": account, "test": Account("test")})
    assert "change-request" in {
        one.rule for one in refusals(settings, account, DeployRequest(app, "ami-1", caller, "", tags))
    }


@contextmanager
def changes(status: int) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A system of change requests that answers everything alike; gives its URL and what it was asked."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.send_header("Location", "/login")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/changes/{{change_request}}/open", asked
        server.shutdown()


def test_the_system_of_change_requests_is_asked_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "s3cret")
    with changes(200) as (url, asked):
        assert ask(url, "CHG/1 2?", "live") is None
    assert asked == [("/changes/CHG%2F1%202%3F/open", "Bearer s3cret")]


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (404, "may not be used in live: HTTP 404 from", "approved"),
        (204, "may not be used in live: HTTP 204 from", "approved"),
        (302, "could not be checked: HTTP 302 from", TOKEN),
        (401, "could not be checked: HTTP 401 from", TOKEN),
        (503, "could not be checked: HTTP 503 from", "try again"),
    ],
)
def test_whatever_is_no_yes_is_a_no(
    status: int, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with changes(status) as (url, asked):
        problem = ask(url, "CHG1", "live")
    assert problem is not None
    assert f"change request CHG1 {message} 127.0.0.1" in problem.message
    assert hint in problem.hint
    assert [authorization for _, authorization in asked] == [None]  # a redirect is not followed


def test_no_answer_is_a_no_and_passwords_are_not_told() -> None:
    problem = ask("http://me:s3cret@127.0.0.1:1/{change_request}", "CHG1", "live")
    assert problem is not None
    assert problem.message == "change request CHG1 could not be checked: ConnectionError at 127.0.0.1:1"


def test_a_deploy_to_production_is_permitted_once_its_image_has_run_in_test() -> None:
    settings = loads(ACCOUNTS)
    with world(settings, "live") as live, changes(200) as (url, asked):
        test = world_of(settings)
        image = test.ec2.register_image(Name="shop-2", RootDeviceName="/dev/xvda")["ImageId"]
        with pytest.raises(PolicyError) as caught:
            permit(settings, live.aws, app="shop", image=image)
        assert caught.value.exit_code == REFUSED
        assert [one.rule for one in caught.value.problems] == ["change-request", "tested"]
        mark_tested(test, image, "shop", live.clock)
        permit(settings, live.aws, app="shop", image=image, change_request="CHG1234")
        asking = loads(ACCOUNTS + f'change_request_url = "{url}"\n')
        permit(asking, live.aws, app="shop", image=image, change_request="CHG1234")
        assert len(asked) == 1
        with pytest.raises(PolicyError):  # what does not look like one is not asked about
            permit(asking, live.aws, app="shop", image=image, change_request="x")
        assert len(asked) == 1
        with pytest.raises(PolicyError, match="does not exist in test"):
            permit(settings, live.aws, app="shop", image="ami-0123456789abcdef0", change_request="CHG1234")


def test_who_asks_is_looked_up_where_the_settings_care() -> None:
    settings = loads('[accounts.a]\ndeployers = ["*:role/release"]')
    with world(settings) as one:
        with pytest.raises(PolicyError, match=r"arn:aws:sts::123456789012:\S+ may not deploy shop in a"):
            permit(settings, one.aws, app="shop", image="ami-1")
        one.calls.clear()
        permit(loads("[accounts.a]"), one.aws, app="shop", image="ami-1")
        assert one.operations() == []


def world_of(settings: DeliverySettings):  # type: ignore[no-untyped-def]
    from delivery.aws import open_aws

    return open_aws(settings, "test", REGION)
