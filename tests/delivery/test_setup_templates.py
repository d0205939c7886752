"""The templates of `delivery setup`, as values: golden files, names, priorities, and what keeps them from being made."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from delivery.errors import SettingsError
from delivery.settings import loads
from delivery.setup import account_stack, app_stack
from delivery.setup.account_stack import AccountStack, account_template
from delivery.setup.app_stack import AppNetwork, AppStack, app_template, rule_priority
from delivery.setup.document import dumps
from delivery.setup.policies import ROLE_POLICY_BYTES, PolicyNames, policy, size_of_policy

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "setup"
ME = "123456789012"
BALANCER = (
    f"arn:aws:elasticloadbalancing:eu-west-1:{ME}:listener/app/delivery/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
NETWORK = AppNetwork(
    account_id=ME,
    vpc="vpc-0a1b2c3d",
    listener=BALANCER,
    balancer="app/delivery/50dc6c495c0c9188",
    balancer_groups=("sg-0a1b2c3d",),
)
CART = AppStack(
    app="cart",
    port=8080,
    network=NETWORK,
    hosts=("cart.example.com",),
    instance_type="m7i.large",
    user_data="#!/bin/sh\nsystemctl start cart\n",
    error_percent=5.0,
)
ACCOUNT = AccountStack(
    account="test",
    account_id=ME,
    apps=("cart", "till"),
    agents=(f"arn:aws:iam::{ME}:role/agents",),
    bakes=True,
    bakes_as_deployer=True,
    baker="baker",
    bucket="packages-of-ours",
    key="alias/images",
    consumers=("222222222222",),
    vpc="vpc-0a1b2c3d",
    balancer_subnets=("subnet-0a1b2c3d", "subnet-0a1b2c3e"),
    certificate=f"arn:aws:acm:eu-west-1:{ME}:certificate/12345678-1234-1234-1234-123456789012",
    budget=500.0,
    budget_email="ops@example.com",
)
TEMPLATES: dict[str, dict[str, Any]] = {
    "app": app_template(CART),
    "app-bare": app_template(
        replace(
            CART,
            network=AppNetwork(account_id=ME, vpc="vpc-0a1b2c3d"),
            hosts=(),
            error_percent=0.0,
            log_days=0,
        )
    ),
    "app-own": app_template(
        replace(
            CART,
            security_groups=("sg-0f1e2d3c",),
            instance_profile="shared",
            existing={
                "TargetGroup": f"arn:aws:elasticloadbalancing:eu-west-1:{ME}:targetgroup/cart/1a2b3c4d5e6f7a8b"
            },
        )
    ),
    "account": account_template(ACCOUNT),
    "account-plain": account_template(AccountStack(account="production", account_id=ME, apps=("cart",))),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_as_recorded(name: str) -> None:
    file = GOLDEN / f"{name}.yaml"
    text = dumps(TEMPLATES[name])
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("name", TEMPLATES)
def test_yaml_reads_the_same_template(name: str) -> None:
    assert yaml.safe_load(dumps(TEMPLATES[name], head="a\nb")) == json.loads(json.dumps(TEMPLATES[name]))


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing(name: str) -> None:
    cfnlint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    matches = cfnlint.lint(dumps(TEMPLATES[name]), config=cfnlint.ManualArgs(regions=["eu-west-1"]))
    assert [str(match) for match in matches] == []


texts = st.text(max_size=30) | st.sampled_from(
    ["no", "0x1", "1_0", "a: b", "- a", "2012-10-17", "#", "*", "a\nb\n", "\n"]
)
trees = st.recursive(
    texts | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, trees, min_size=1, max_size=3))
def test_any_document_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert yaml.safe_load(dumps(document)) == document


names = st.from_regex(r"[A-Za-z0-9._]{3,28}", fullmatch=True)


@given(names, st.integers(1, 65535), st.integers(0, 3600))
def test_names_of_any_application_are_names_of_aws(app: str, port: int, drain: int) -> None:
    stack = replace(CART, app=app, port=port, drain_seconds=drain)
    if not app_stack.target_group_name(app):
        return
    template = app_template(stack)["Resources"]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", app_stack.stack_name(app))
    assert re.fullmatch(
        r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?", template["TargetGroup"]["Properties"]["Name"]
    )
    assert re.fullmatch(
        r"[A-Za-z0-9().\-/_]{3,128}", template["LaunchTemplate"]["Properties"]["LaunchTemplateName"]
    )
    assert 1 <= template["ListenerRule"]["Properties"]["Priority"] <= 50_000
    assert yaml.safe_load(dumps({"Resources": template})) == json.loads(json.dumps({"Resources": template}))


def test_a_name_of_no_letters_is_refused() -> None:
    (problem,) = app_stack.problems_of(replace(CART, app="..."))
    assert "no name of a target group" in problem.message


@given(names, st.sets(st.integers(1000, 1200)))
def test_a_priority_is_free_and_stays(app: str, taken: set[int]) -> None:
    first = rule_priority(replace(CART, app=app))
    network = replace(NETWORK, taken_priorities=frozenset({first, *taken}))
    second = rule_priority(replace(CART, app=app, network=network))
    assert second not in network.taken_priorities
    later = replace(network, taken_priorities=frozenset(taken), own_priority=second)
    assert rule_priority(replace(CART, app=app, network=later)) == second


def test_what_keeps_a_stack_from_being_made_is_reported_at_once() -> None:
    taken = replace(NETWORK, taken_priorities=frozenset({7}))
    problems = app_stack.problems_of(
        replace(CART, app="x_" * 20, hosts=(), priority=7, network=taken), ["x." * 20]
    )
    assert [problem.message.partition(" ")[0] for problem in problems] == [
        "application",
        "applications",
        "application",
        "the",
    ]
    assert all(problem.hint for problem in problems)


def test_an_error_alarm_needs_a_load_balancer() -> None:
    (problem,) = app_stack.problems_of(replace(CART, network=AppNetwork(account_id=ME, vpc="vpc-1")))
    assert "error_percent" in problem.message


def test_policies_of_too_many_applications_are_refused() -> None:
    stack = replace(ACCOUNT, apps=tuple(f"application{number}" for number in range(60)))
    (problem,) = account_stack.problems_of(stack)
    assert str(ROLE_POLICY_BYTES) in problem.message
    assert (
        account_stack.problems_of(replace(ACCOUNT, apps=tuple(f"app{number}" for number in range(5)))) == []
    )


@pytest.mark.parametrize("document", ["bake", "baker", "deploy", "share", "shop"])
def test_policies_are_those_of_the_documentation(document: str) -> None:
    file = ROOT / "delivery" / "setup" / "policies" / f"{document}.json"
    documented = json.loads((ROOT / "docs" / "delivery" / f"{document}.json").read_text())
    assert json.loads(file.read_text()) == documented


def test_a_policy_names_each_application_and_nothing_of_the_example() -> None:
    names = PolicyNames(
        account_id="210987654321", apps=("cart", "till"), bucket="packages-of-ours", baker="bk"
    )
    for document in ("bake", "baker", "deploy", "share"):
        text = json.dumps(policy(document, names))
        assert not re.search(r"shop|123456789012|example|role/baker", text)
    text = json.dumps(policy("deploy", names))
    assert "autoScalingGroupName/cart-*" in text
    assert "autoScalingGroupName/till-*" in text
    assert "role/till" in text
    assert size_of_policy({"a": 1}) == len('{"a":1}')


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loads(text)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[apps.cart]\nport = 0", "apps.cart.port"),
        ('[apps.cart]\nport = 80\nhealth_path = "healthz"', "a path that begins with /"),
        ('[apps.cart]\nhosts = ["a.example.com"]', "no effect without port"),
        ("[apps.cart]\nport = 80\nlog_days = 2", "one of 1, 3, 5"),
        ('[apps.cart]\nport = 80\nhosts = ["a.b", "c.d", "e.f"]\npaths = ["/a", "/b", "/c"]', "a rule takes 5"),
        ('[accounts.test.setup]\nload_balancer = "made"', "delivery.toml:2"),
        ('[accounts.test.setup]\nagents = ["agents"]', "must be an ARN"),
        ('[accounts.test.setup]\nagent = "x"', "unknown key accounts.test.setup.agent"),
        ('[accounts.test.setup]\nbudget_email = "ops"', "must be an e-mail address"),
    ],
)  # fmt: skip
def test_wrong_settings_are_reported_with_their_line(text: str, says: str) -> None:
    (problem,) = problems(text)
    assert says in problem
    assert problem.startswith("delivery.toml:")
