"""What `list`, `images`, `history` and `show` say of several accounts and regions, and what they ask AWS for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from overview_world import EU, TEST, US, Estate, begin_run, estate, furnish, listener, record, rows

import iam
from delivery import cli
from delivery.errors import FAILED
from delivery.overview.page import to_html
from deploy_requests import arn
from iam import actions, allowed

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Three applications in two accounts."""
    with estate(tmp_path_factory.mktemp("overview")) as made:
        furnish(made)
        record(made)
        yield made


@pytest.fixture
def one(furnished: Estate) -> Iterator[Estate]:
    """The same for each test: they only look."""
    furnished.calls.clear()
    yield furnished
    furnished.failing.clear()


@pytest.fixture
def run(one: Estate, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a command; its exit code, what it prints, and what it prints to stderr."""
    assert one.toml.exists()

    def give(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([*words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return give


# list


def test_list_writes_a_page_of_all_groups(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "overview.html"
    code, out, _ = run("list", "--html", str(page), "--json")
    assert code == 0
    text = page.read_text()
    for name in ("cart-v000", "shop-eu-v002", "worker-v010", "us-east-1", "alice"):
        assert name in text
    assert '<td class="good">web</td>' in text
    assert run("list", "--html", str(tmp_path / "nowhere" / "page.html"))[0] == 1
    groups = json.loads(out)["groups"]
    groups[0]["version"] = "<script>alert(1)</script>"
    unread = [{"account": "<b>", "region": None, "message": "no"}]
    hostile = to_html(groups, unread, "2026-01-01T00:00:00Z")
    assert "<script>" not in hostile
    assert "<b>" not in hostile


def test_list_shows_every_group_of_all_accounts_and_regions(run: Run) -> None:
    code, out, err = run("list")
    assert code == 0
    assert out.splitlines()[0].split() == [
        "CLUSTER", "ACCOUNT", "REGION", "GROUP", "STATE", "TRAFFIC", "HEALTHY", "MIN/DESIRED/MAX", "VERSION", "AGE", "BY",
    ]  # fmt: skip
    shown = [row[:9] for row in rows(out)]
    assert shown == [
        ["cart", "test", EU, "cart-v000", "disabled", "-", "1 of 1", "0/1/1", "7"],
        ["shop-eu", "production", EU, "shop-eu-v002", "active", "web", "3 of 3", "0/3/3", "1.4-2"],
        ["shop-eu", "test", EU, "shop-eu-v001", "disabled", "-", "1 of 1", "0/1/1", "1.3-1"],
        ["shop-eu", "test", EU, "shop-eu-v002", "active", "web", "3 of 3", "0/3/3", "1.4-2"],
        ["worker", "production", US, "worker-v010", "active", "yes", "2 of 2", "0/2/2", "9"],
    ]
    assert rows(out)[1][10] == "alice"
    assert err == "3 applications, 4 clusters, 5 groups, 10 instances\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--app", "shop"], ["shop-eu-v002", "shop-eu-v001", "shop-eu-v002"]),
        (["--cluster", "shop-eu", "--account", "production"], ["shop-eu-v002"]),
        (["--region", US], ["worker-v010"]),
        (["--account", "test"], ["cart-v000", "shop-eu-v001", "shop-eu-v002"]),
        (["--app", "idle"], []),  # named by the settings, without any group yet
    ],
)
def test_list_is_filtered(run: Run, options: list[str], expected: list[str]) -> None:
    code, out, _ = run("list", "--json", *options)
    assert code == 0
    assert [group["name"] for group in json.loads(out)["groups"]] == expected


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["list", "--app", "shpo"], "there is no application 'shpo'", 'did you mean "shop"?'),
        (["list", "--cluster", "shop-ue"], "there is no cluster 'shop-ue'", 'did you mean "shop-eu"?'),
        (["list", "--cluster", "wroker"], "there is no cluster 'wroker'", 'did you mean "worker"?'),
        (["list", "--account", "prodution"], "there is no account 'prodution'", 'did you mean "production"?'),
        (["list", "--region", "eu-west-2"], "no account is used in region 'eu-west-2'", 'did you mean "eu-west-1"?'),
        (["list", "--app", "zzz"], "there is no application 'zzz'", "known are cart, idle, shop, worker"),
        (["images", "crat"], "there is no application 'crat'", 'did you mean "cart"?'),
        (["history", "shpo"], "there is no application 'shpo'", 'did you mean "shop"?'),
        (["history", "shop-ue"], "there is no cluster 'shop-ue'", 'did you mean "shop-eu"?'),
        (["history", "shop-eu-v002"], "shop-eu-v002 is the name of a group, not of a cluster", "its cluster is shop-eu"),
        (["show", "shop-eu-v02"], "there is no group 'shop-eu-v02'", 'did you mean "shop-eu-v002"?'),
        (["show", "i-0123456789abcdef0"], "there is no instance 'i-0123456789abcdef0'", "delivery list shows all"),
        (["show", "ami-0123456789abcdef0"], "there is no image 'ami-0123456789abcdef0'", "delivery list shows all"),
    ],
)  # fmt: skip
def test_a_misspelled_name_is_an_error_with_a_suggestion(
    run: Run, words: list[str], message: str, hint: str
) -> None:
    code, out, err = run(*words)
    assert (code, out) == (FAILED, "")
    assert message in err
    assert hint in err


def test_what_cannot_be_read_is_reported_and_the_others_are_listed(one: Estate, run: Run) -> None:
    one.failing["production", US, "DescribeAutoScalingGroups"] = "AccessDenied"
    code, out, err = run("list")
    assert code == 1
    assert len(rows(out)) == 4
    assert (
        f"error: production, {US} could not be read: looking at all groups in {US}: AccessDenied: no" in err
    )
    assert "compare the role's policy with the one in docs/delivery.md" in err
    code, out, _ = run("list", "--json")
    said = json.loads(out)
    assert (code, len(said["groups"])) == (1, 4)
    assert [(each["account"], each["region"]) for each in said["unread"]] == [("production", US)]


def test_a_name_that_may_be_where_nothing_could_be_read_is_no_mistake_of_the_user(
    one: Estate, run: Run
) -> None:
    one.failing["production", US, "DescribeAutoScalingGroups"] = "AccessDenied"
    code, _, err = run("list", "--cluster", "wroker-x")
    assert code == 1
    assert "1 of the accounts and regions could not be read" in err


# images


def test_images_says_where_an_image_was_tested_shared_and_is_used(one: Estate, run: Run) -> None:
    code, out, _ = run("images", "shop", "--json")
    said = {image["version"]: image for image in json.loads(out)["images"]}
    assert code == 0
    new, old = said["1.4-2"], said["1.3-1"]
    assert new["image"] == one.images["shop-1.4", TEST]
    assert new["tested_in"] == {"test/shop-eu": "2026-01-01T00:00:00Z"}
    assert new["shared_with"] == ["production"]
    assert [(group["name"], group["account"]) for group in new["used_by"]] == [
        ("shop-eu-v002", "test"), ("shop-eu-v002", "production")]  # fmt: skip
    assert (old["tested_in"], old["shared_with"]) == ({}, [])
    assert [group["name"] for group in old["used_by"]] == ["shop-eu-v001"]
    code, out, _ = run("images", "shop")
    assert "test/shop-eu" in out
    assert "shop-eu-v002 (test), shop-eu-v002 (production)" in out
    assert run("images", "shop", "--account", "production")[:2] == (0, "no images of shop\n")


# history


def test_history_says_who_what_when_and_how_it_ended(run: Run) -> None:
    code, out, _ = run("history", "shop-eu")
    assert code == 0
    table = [line for line in out.splitlines()[1:] if not line.startswith("    ")]
    newest, killed, rollback, deploy = (
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in table
    )
    assert deploy == [
        "2026-01-01T10:00:00Z", "shop-eu", "test", EU, "deploy", "deployed", "shop-eu-v001 (1.3-1)",
        "shop-eu-v002 (1.4-2)", "alice", "CHG12", "shop/deploy #12",
    ]  # fmt: skip
    assert rollback[4:8] == ["rollback", "rolled back", "shop-eu-v002 (1.4-2)", "shop-eu-v001 (1.3-1)"]
    assert "\n    slow\n" in out
    assert killed[5] == "interrupted"
    assert "\n    the run was killed; it has made no group\n" in out
    assert newest[4:6] == ["resume", "nothing to do"]
    limited = run("history", "shop-eu", "--limit", "1", "--json")[1]
    assert [each["id"] for each in json.loads(limited)["runs"]] == ["r-4"]
    assert "[   0:05] healthy: three: done" in run("history", "shop-eu", "--timeline")[1]


def test_history_of_an_application_has_the_runs_of_all_its_clusters(run: Run) -> None:
    code, out, _ = run("history", "shop", "--json")
    assert code == 0
    runs = json.loads(out)["runs"]
    assert [each["id"] for each in runs] == ["r-5", "r-4", "r-3", "r-2", "r-1"]
    assert [each["outcome"] for each in runs[:3]] == ["interrupted", "nothing to do", "interrupted"]
    assert runs[4]["build_url"] == "https://jenkins.example.com/job/shop/12/"
    assert runs[4]["from"] == {"group": "shop-eu-v001", "image": "ami-1", "version": "1.3-1"}


def test_no_runs_are_no_error(run: Run) -> None:
    assert run("history", "worker")[:2] == (0, "no runs of worker are recorded\n")


# show


def test_show_finds_a_group_an_instance_and_an_image_anywhere(one: Estate, run: Run) -> None:
    code, out, _ = run("show", "shop-eu-v002", "--json")
    groups = json.loads(out)["found"]
    assert code == 0
    assert [(group["kind"], group["account"], group["version"]) for group in groups] == [
        ("group", "test", "1.4-2"), ("group", "production", "1.4-2")]  # fmt: skip
    assert [member["health"] for member in groups[0]["members"]] == ["Healthy"] * 3
    id = groups[1]["members"][0]["id"]
    code, out, _ = run("show", id, "--json")
    (instance,) = json.loads(out)["found"]
    assert (instance["group"], instance["account"], instance["version"], instance["state"]) == (
        "shop-eu-v002", "production", "1.4-2", "running")  # fmt: skip
    image = one.images["shop-1.4", TEST]
    code, out, _ = run("show", image)
    assert code == 0
    assert "shared with  production" in out
    assert "tested in    test/shop-eu (2026-01-01T00:00:00Z)" in out
    assert "shop-eu-v002  production" in out


# IAM


def test_the_reader_role_may_do_what_these_commands_do_and_nothing_else(one: Estate, run: Run) -> None:
    listener(one)
    image, group = one.images["shop-1.4", TEST], "shop-eu-v002"
    id = json.loads(run("show", group, "--json")[1])["found"][0]["members"][0]["id"]
    begin_run(one)
    one.calls.clear()
    for words in (["list"], ["images", "shop"], ["history", "shop"], ["history", "shop-eu"], ["history", "worker"],
                  ["show", group], ["show", id], ["show", image]):  # fmt: skip
        assert run(*words)[0] == 0, words
    policy, asked = iam.document("delivery", "overview"), set()
    for _, region, (service, operation, said) in one.calls:
        if (
            service == "sts" or operation == "PutItem"
        ):  # who one is; a killed run's record, where it may be written
            continue
        resource = "*"
        if service == "dynamodb":
            index = f"/index/{said['IndexName']}" if "IndexName" in said else ""
            resource = arn(service, f"table/{said['TableName']}{index}", region=region)
        asked.add((f"{service}:{operation}", resource))
    assert {each for each in asked if not allowed(policy, *each, {})} == set()
    assert actions(policy) == {action for action, _ in asked}
