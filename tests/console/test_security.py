"""Getting in: without an identity, with a forged one, with another's token, from another site, across applications."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from console_site import Site, site
from overview_world import EU

from delivery.errors import SettingsError
from delivery.settings import loads
from jobdsl.console.security.identity import Identity, missing_right
from oidc_provider import CLIENT, SECRET, Provider, provider

pytestmark = pytest.mark.slow

ROLES = """
[console.roles.shop]
groups = ["shop-team"]
applications = ["shop"]
accounts = ["test"]
actions = ["deploy", "rollback"]
[console.roles.security]
users = ["auditor"]
audit = true
"""


@dataclass
class Secured:
    """A console with a provider of identities."""

    site: Site
    provider: Provider
    database: Any

    def log_in(
        self, user: str = "alice", groups: tuple[str, ...] = ("shop-team",), next: str = "/"
    ) -> requests.Session:
        """A browser in which a user has logged in."""
        self.provider.user, self.provider.groups = user, groups
        browser = requests.Session()
        answer = browser.get(f"{self.site.url}/login", params={"next": next}, timeout=20)
        assert answer.status_code == 200, answer.text
        return browser

    def begin(self, browser: requests.Session) -> str:
        """Begin a login; gives the address the provider sends the browser back to."""
        answer = browser.get(f"{self.site.url}/login", timeout=20, allow_redirects=False)
        answer = browser.get(answer.headers["Location"], timeout=20, allow_redirects=False)
        return answer.headers["Location"]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory = tmp_path_factory.mktemp("console")
    (directory / "client-secret").write_text(SECRET + "\n")
    with provider() as identities:
        more = f"""
url = "http://127.0.0.1:1"
{ROLES}
[console.oidc]
issuer = "{identities.url}"
client_id = "{CLIENT}"
client_secret_file = "client-secret"
[console.proxy]
addresses = ["127.0.0.2"]
"""
        with site(directory, more) as made:
            console = made.console
            object.__setattr__(console.settings.console, "url", made.url)  # its port is known only now
            yield Secured(made, identities, console.database)


@pytest.fixture(autouse=True)
def _well_behaved(secured: Secured) -> Iterator[None]:
    yield
    secured.provider.claims, secured.provider.signing, secured.provider.issuer = {}, "right", None


def _form_token(text: str) -> str:
    found = re.search('name="form_token" value="([0-9a-f]+)"', text)
    assert found is not None, text
    return found[1]


def _make_token(secured: Secured, browser: requests.Session, **fields: Any) -> str:
    url = secured.site.url
    form = {
        "name": "ci",
        "days": "30",
        "form_token": _form_token(browser.get(f"{url}/tokens", timeout=20).text),
    }
    answer = browser.post(f"{url}/tokens", {**form, **fields}, headers={"Origin": url}, timeout=20)
    found = re.search(r"dlv_[A-Za-z0-9_-]+", answer.text)
    assert found is not None, answer.text
    return found[0]


# headers and hosts


def test_every_answer_has_the_headers(secured: Secured) -> None:
    for path in ("/", "/nothing", "/api/v1/applications", "/api/v1/nothing", "/static/style.css", "/healthz"):
        headers = secured.site.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy, path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src 'none'" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert "Access-Control-Allow-Origin" not in headers, path
        assert "server" not in {name.lower() for name in headers}, path
    assert secured.site.get("/").headers["Cache-Control"] == "no-store"


def test_a_defect_shows_nothing_of_the_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[object]:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("jobdsl.console.api.list_applications", broken)
    with site(tmp_path, read=False, furnished=False) as console:
        answer = console.get("/api/v1/applications")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "Zero" not in answer.text
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "127.0.0.1.evil.example.com", "", "evil.example.com:80", "@127.0.0.1x", "[::1"],
)
def test_an_unknown_host_is_refused(secured: Secured, host: str) -> None:
    for path in ("/", "/api/v1/applications", "/static/style.css"):
        assert secured.site.get(path, headers={"Host": host}).status_code in (400, 421), (path, host)


def test_hosts_of_the_settings_and_loopback_are_accepted(tmp_path: Path) -> None:
    more = 'url = "https://deploy.example.com/"\nhosts = ["console.internal"]\n'
    with site(tmp_path, more, read=False, furnished=False) as console:
        for host in ("deploy.example.com", "console.internal:8443", "localhost:1", "DEPLOY.example.com"):
            answer = console.get("/", headers={"Host": host})
            assert answer.status_code == 200, host
            assert answer.headers["Strict-Transport-Security"]


def test_a_large_request_is_refused(secured: Secured) -> None:
    url = secured.site.url
    answer = secured.site.post("/logout", data=b"x" * 70_000, headers={"Origin": url})
    assert answer.status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(70):
            yield b"x" * 1000

    headers = {"Origin": url, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = secured.site.post("/logout", data=pieces(), headers=headers)
    except requests.ConnectionError:
        return  # it was cut off
    assert answer.status_code in (403, 413)


# identity


def test_without_an_identity_everything_may_be_read_but_the_audit_log(secured: Secured) -> None:
    assert secured.site.get("/").status_code == 200
    assert "Log in" in secured.site.get("/").text
    assert secured.site.get("/audit").status_code == 403
    answer = secured.site.get("/tokens")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Ftokens"


def test_nothing_is_shown_without_an_identity_where_the_settings_say_so(tmp_path: Path) -> None:
    with site(tmp_path, 'anonymous = "none"\n', furnished=False) as console:
        for path in (
            "/",
            f"/clusters/test/{EU}/shop-eu",
            "/search?q=shop",
            "/api/v1/applications",
            "/events",
            "/nothing",
            "/plan",
            "/api/v1/openapi.json",
        ):
            assert console.get(path).status_code == 401, path
        assert console.get("/healthz").status_code == 200
        assert console.get("/static/style.css").status_code == 200


def test_a_login_leads_back_to_the_page_and_a_logout_ends_it(secured: Secured) -> None:
    url = secured.site.url
    browser = secured.log_in(next="/history?application=shop")
    page = browser.get(f"{url}/", timeout=20)
    assert "<span>alice</span>" in page.text
    cookie = next(iter(browser.cookies))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    kept = cookie.value
    form = {"form_token": _form_token(page.text)}
    assert browser.post(f"{url}/logout", form, headers={"Origin": url}, timeout=20).status_code == 200
    again = requests.get(f"{url}/", cookies={"session": str(kept)}, timeout=20)
    assert "alice" not in again.text.partition("<main")[0]


@pytest.mark.parametrize(
    "next",
    ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "evil", "javascript:alert(1)"],
)
def test_a_login_leads_to_no_other_site(secured: Secured, next: str) -> None:
    browser = requests.Session()
    answer = browser.get(
        f"{secured.site.url}/login", params={"next": next}, timeout=20, allow_redirects=False
    )
    back = browser.get(answer.headers["Location"], timeout=20, allow_redirects=False).headers["Location"]
    assert browser.get(back, timeout=20, allow_redirects=False).headers["Location"] == "/"


def test_a_login_of_another_browser_is_refused(secured: Secured) -> None:
    """Else an attacker logs a victim in as the attacker, or the other way round."""
    back = secured.begin(requests.Session())
    answer = requests.get(back, timeout=20, allow_redirects=False)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_a_login_works_once(secured: Secured) -> None:
    browser = requests.Session()
    back = secured.begin(browser)
    assert browser.get(back, timeout=20, allow_redirects=False).status_code == 303
    assert browser.get(back, timeout=20, allow_redirects=False).status_code == 403


@pytest.mark.parametrize(
    ("claims", "signing"),
    [
        ({}, "none"),
        ({}, "other"),
        ({}, "hmac"),
        ({"nonce": "other"}, "right"),
        ({"nonce": None}, "right"),
        ({"iss": "https://evil.example.com"}, "right"),
        ({"aud": "another-client"}, "right"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "right"),
        ({"exp": int(time.time()) - 3600}, "right"),
        ({"exp": None}, "right"),
        ({"sub": None}, "right"),
        ({"preferred_username": "a\nb"}, "right"),
        ({"preferred_username": ["alice"]}, "right"),
    ],
)
def test_an_id_token_that_is_not_good_lets_no_user_in(
    secured: Secured, claims: dict[str, Any], signing: str
) -> None:
    secured.provider.claims, secured.provider.signing = claims, signing
    browser = requests.Session()
    back = secured.begin(browser)
    answer = browser.get(back, timeout=20, allow_redirects=False)
    assert answer.status_code == 403, answer.text
    assert "session" not in browser.cookies


def test_a_provider_with_another_issuer_is_refused(secured: Secured) -> None:
    secured.provider.issuer = "https://evil.example.com"
    assert secured.site.get("/login").status_code == 502


def test_a_proxy_header_counts_only_from_the_proxy(secured: Secured) -> None:
    forged = {
        "X-Forwarded-User": "auditor",
        "X-Forwarded-Groups": "shop-team",
        "X-Forwarded-For": "127.0.0.2",
    }
    answer = secured.site.get("/", headers=forged)
    assert "auditor" not in answer.text.partition("<main")[0]
    assert secured.site.get("/audit", headers=forged).status_code == 403
    session = requests.Session()
    session.mount("http://", _From("127.0.0.2"))
    assert session.get(f"{secured.site.url}/audit", headers=forged, timeout=20).status_code == 200
    assert session.get(f"{secured.site.url}/audit", timeout=20).status_code == 403


class _From(requests.adapters.HTTPAdapter):
    """Requests from an address of this host."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **more)


# tokens


def test_a_token_asks_in_its_users_name_and_only_its_digest_is_stored(secured: Secured) -> None:
    token = _make_token(secured, secured.log_in())
    bearer = {"Authorization": f"Bearer {token}"}
    assert "alice" in secured.site.get("/", headers=bearer).text.partition("<main")[0]
    file = Path(secured.site.console.settings.console.state)
    assert token.encode() not in file.read_bytes()
    assert token.removeprefix("dlv_").encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_token_is_for_no_tokens_and_no_audit_log(secured: Secured) -> None:
    bearer = {"Authorization": f"Bearer {_make_token(secured, secured.log_in('auditor', ()))}"}
    assert secured.site.get("/tokens", headers=bearer).status_code == 401
    assert secured.site.get("/audit", headers=bearer).status_code == 403


@pytest.mark.parametrize(
    "given", ["Bearer nothing", "Bearer ", "Basic YTpi", "Bearer dlv_x", "x", "Bearer dlv_" + "é"]
)
def test_a_wrong_token_is_an_error_and_not_an_anonymous_reader(secured: Secured, given: str) -> None:
    answer = secured.site.get("/api/v1/applications", headers={"Authorization": given.encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_a_token_in_the_address_is_no_token(secured: Secured) -> None:
    token = _make_token(secured, secured.log_in())
    assert "alice" not in secured.site.get(f"/?token={token}&access_token={token}").text.partition("<main")[0]


def test_a_deleted_or_expired_token_is_none(secured: Secured) -> None:
    browser, url = secured.log_in("bob"), secured.site.url
    token = _make_token(secured, browser)
    page = browser.get(f"{url}/tokens", timeout=20).text
    (id,) = re.findall("/tokens/([0-9a-f]+)/delete", page)
    form = {"form_token": _form_token(page)}
    other = secured.log_in("mallory")
    theirs = {"form_token": _form_token(other.get(f"{url}/tokens", timeout=20).text)}
    refused = other.post(f"{url}/tokens/{id}/delete", theirs, headers={"Origin": url}, timeout=20)
    assert refused.status_code == 404
    bearer = {"Authorization": f"Bearer {token}"}
    assert secured.site.get("/api/v1/applications", headers=bearer).status_code == 200
    browser.post(f"{url}/tokens/{id}/delete", form, headers={"Origin": url}, timeout=20)
    assert secured.site.get("/api/v1/applications", headers=bearer).status_code == 401
    expired = secured.database.make_token(Identity("bob"), "old", expires=time.time() - 1, now=0.0)
    assert secured.database.token(expired, time.time()) is None


def test_what_is_wrong_with_a_new_token_is_said_at_once(secured: Secured) -> None:
    browser, url = secured.log_in(), secured.site.url
    token = _form_token(browser.get(f"{url}/tokens", timeout=20).text)
    form = {"name": "", "days": "9999", "actions": "format", "form_token": token}
    answer = browser.post(f"{url}/tokens", form, headers={"Origin": url}, timeout=20)
    assert answer.status_code == 422
    for word in ("name", "days", "actions"):
        assert word in answer.text


# changes from other sites


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:9"},
    ],
)
def test_a_form_of_another_site_changes_nothing(secured: Secured, headers: dict[str, str]) -> None:
    browser, url = secured.log_in(), secured.site.url
    form = {"form_token": _form_token(browser.get(f"{url}/", timeout=20).text)}
    answer = browser.post(f"{url}/logout", form, headers=headers, timeout=20)
    assert answer.status_code == 403
    assert "alice" in browser.get(f"{url}/", timeout=20).text


def test_a_form_without_the_token_of_its_session_changes_nothing(secured: Secured) -> None:
    url = secured.site.url
    browser, other = secured.log_in(), secured.log_in("mallory")
    theirs = _form_token(other.get(f"{url}/", timeout=20).text)
    for form in ({"x": "y"}, {"form_token": ""}, {"form_token": theirs}, {"form_token": "é"}):
        answer = browser.post(f"{url}/logout", form, headers={"Origin": url}, timeout=20)
        assert answer.status_code == 403, form
    answer = browser.post(
        f"{url}/logout", "form_token=x", headers={"Origin": url, "Content-Type": "text/plain"}, timeout=20
    )
    assert answer.status_code == 415


def test_nothing_changes_by_get(secured: Secured) -> None:
    browser, url = secured.log_in(), secured.site.url
    for path in ("/logout", "/tokens/1/delete", "/operations"):
        assert browser.get(f"{url}{path}", timeout=20).status_code in (404, 405), path
    assert "alice" in browser.get(f"{url}/", timeout=20).text


# roles


@pytest.mark.parametrize(
    ("identity", "action", "application", "account", "missing"),
    [
        (Identity(), "deploy", "shop", "test", "Log in"),
        (Identity("alice", ("shop-team",)), "deploy", "shop", "test", ""),
        (Identity("alice", ("shop-team",)), "terminate", "shop", "test", "No role"),
        (Identity("alice", ("shop-team",)), "deploy", "cart", "test", "No role"),
        (Identity("alice", ("shop-team",)), "deploy", "shop-x", "test", "No role"),
        (Identity("alice", ("shop-team",)), "deploy", "shop", "production", "No role"),
        (Identity("alice"), "deploy", "shop", "test", "No role"),
        (Identity("shop-team"), "deploy", "shop", "test", "No role"),
        (
            Identity("alice", ("shop-team",), "token", "", ("rollback",)),
            "deploy",
            "shop",
            "test",
            "not for deploy",
        ),
        (
            Identity("alice", ("shop-team",), "token", "", ("deploy",), ("cart",)),
            "deploy",
            "shop",
            "test",
            "not for shop",
        ),
        (
            Identity("alice", ("shop-team",), "token", "", ("deploy", "terminate"), ("*",)),
            "terminate",
            "shop",
            "test",
            "No role",
        ),
        (Identity("auditor"), "deploy", "shop", "test", "No role"),
    ],
)
def test_only_what_a_role_says_is_allowed(
    identity: Identity, action: str, application: str, account: str, missing: str
) -> None:
    console = loads(f"[console]\n{ROLES}").console
    reason = missing_right(console, identity, action, application=application, account=account)
    assert missing in reason
    assert bool(missing) == bool(reason)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[console.roles.x]\nactions = ["delpoy"]', "deploy"),
        ("[console.roles.x]\nuser = 1", "users"),
        ('[console.oidc]\nissuer = "https://id.example.com"', "not complete"),
        ('[console.oidc]\nissuer = "https://id.example.com"\nclient_id = "x"', "console.url"),
        ('[console.proxy]\naddresses = ["10.0.0"]', "is not an address"),
        ('[console.proxy]\nuser_header = "a b"', "is not the name of a header"),
        ('[console.jobs]\ndeploy = "{user}"', "{application}"),
        ('[console.jobs]\ndeploy = "x"', "needs a controller"),
        ('[console.jenkins]\nurl = "https://ci.example.com"', "not complete"),
        ('[console]\ncommit_url = "https://x/{sha}"', "{commit}"),
        ('[console]\nanonymous = "yes"', "read"),
        ("[console]\nrefresh_seconds = 0", "5"),
        ("[console]\nsurl = 1", "url"),
        ('[console.jobs.shop]\ndelpoy = "x"', "deploy"),
    ],
)
def test_wrong_settings_are_errors_with_their_line(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        loads(text)
    problem = raised.value.problems[0]
    assert words in f"{problem.message} {problem.hint}"
    assert problem.where is not None
    assert problem.where.line > 0


# the audit log


def test_the_audit_log_is_kept_and_read_by_its_role_only(secured: Secured) -> None:
    _make_token(secured, secured.log_in("alice"), name="for the log")
    assert secured.log_in("alice").get(f"{secured.site.url}/audit", timeout=20).status_code == 403
    text = secured.log_in("auditor", ()).get(f"{secured.site.url}/audit", timeout=20).text
    assert "token made" in text
    assert "for the log" in text
    assert "broken" not in text


def test_the_audit_log_is_only_appended_to(secured: Secured) -> None:
    file = secured.site.console.settings.console.state
    database = secured.database
    database.audit(Identity("eve"), "test", "nothing", address="", now=time.time())
    with closing(sqlite3.connect(file)) as connection, connection:
        for change in ("update audit set user = 'bob'", "delete from audit"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(change)
    connection.close()
    assert database.audit_is_whole()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("drop trigger audit_keep_update")
        connection.execute("update audit set user = 'bob' where user = 'eve'")
    connection.close()
    assert not database.audit_is_whole()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update audit set user = 'eve' where user = 'bob' and event = 'test'")
    connection.close()
