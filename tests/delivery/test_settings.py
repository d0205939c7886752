from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.errors import FAILED, USAGE, DeliveryError, SettingsError
from delivery.settings import Account, DeliverySettings, Deploy, load_settings, loads

BOTH = """
[accounts.test]
id = "111111111111"
regions = ["eu-west-1"]

[accounts.production]
id = "222222222222"
role = "arn:aws:iam::222222222222:role/deployer"
production = true
"""


def errors(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loads(text)
    assert caught.value.exit_code == FAILED
    return [str(problem) for problem in caught.value.problems]


def test_without_a_file_there_is_one_account_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIVERY_SETTINGS", raising=False)
    settings = load_settings()
    assert settings == DeliverySettings()
    assert settings.account() == settings.account("default") == Account("default")
    assert settings.deploy("default", "shop", "shop-test") == Deploy()


def test_the_option_goes_before_the_variable_and_that_before_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("delivery", "variable", "option"):
        (tmp_path / f"{name}.toml").write_text(f'\ufeff[lock]\ntable = "{name}"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DELIVERY_SETTINGS", raising=False)
    assert load_settings().lock.table == "delivery"
    monkeypatch.setenv("DELIVERY_SETTINGS", "variable.toml")
    assert load_settings().lock.table == "variable"
    assert load_settings(tmp_path / "option.toml").lock.table == "option"


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "nothing.toml")
    assert "nothing.toml: error: cannot be read: No such file" in str(caught.value.problems[0])
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(tmp_path / "bytes.toml")


def test_later_layers_go_before_earlier_ones() -> None:
    settings = loads(
        BOTH
        + """
[accounts.production.defaults]
soak_minutes = 10
looks = 5
[defaults]
keep = 4
looks = 2
soak_minutes = 1
[apps.shop]
looks = 6
ramp = [5, 100]
[clusters.shop-prod-eu]
strategy = "ramp"
looks = 7
"""
    )
    assert settings.deploy() == Deploy(keep=4, looks=2, soak_minutes=1)
    assert settings.deploy("production", "cart", "cart") == Deploy(keep=4, looks=5, soak_minutes=10)
    shop = Deploy(keep=4, looks=6, ramp=(5, 100), soak_minutes=10)
    assert settings.deploy("production", "shop", "shop-test") == shop
    assert settings.deploy("test", "shop", "shop-prod-eu") == Deploy(
        keep=4, looks=7, ramp=(5, 100), soak_minutes=1, strategy="ramp"
    )


def test_production_wants_a_change_request_and_a_tested_image_unless_told_otherwise() -> None:
    settings = loads(BOTH)
    test, production = settings.accounts["test"], settings.accounts["production"]
    assert (test.change_pattern, settings.tested_in(test)) == (None, None)
    assert (production.change_pattern, settings.tested_in(production)) == (".+", "test")
    settings = loads(BOTH + 'change_request = "none"\ntested_in = "none"\n')
    production = settings.accounts["production"]
    assert (production.change_pattern, settings.tested_in(production)) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[account.x]", 'delivery.toml:1: error: unknown key account (did you mean "accounts"?)'),
        (
            "[accounts.x]\n\nregion = []",
            'delivery.toml:3: error: unknown key accounts.x.region (did you mean "regions"?)',
        ),
        (
            '[defaults]\nstrategy = "red-blak"',
            'delivery.toml:2: error: defaults.strategy must be "red-black", "canary", "ramp" or "highlander", '
            'not "red-blak" (did you mean "red-black"?)',
        ),
        (
            '[apps.shop]\ngates = ["ec2", "target-group"]',
            'delivery.toml:2: error: apps.shop.gates: there is no gate "target-group" '
            '(did you mean "target-groups"?)',
        ),
        (
            "[clusters.shop]\nlook = 1",
            'delivery.toml:2: error: unknown key clusters.shop.look (did you mean "looks"?)',
        ),
        (
            '[accounts.x.defaults]\nlooks = "3"',
            'delivery.toml:2: error: accounts.x.defaults.looks must be a whole number, not "3"',
        ),
        (
            '[defaults]\nramp = ["10"]',
            "delivery.toml:2: error: defaults.ramp must be a list of whole numbers, as in [1, 2], not ['10']",
        ),
        (
            "[defaults]\nramp = [50, 10]",
            "delivery.toml:2: error: defaults.ramp must be rising percentages that end with 100",
        ),
        (
            '[accounts.x]\nid = "12"',
            "delivery.toml:2: error: accounts.x.id must be the twelve digits of an account",
        ),
        (
            '[accounts.x]\nchange_request = "("',
            "delivery.toml:2: error: accounts.x.change_request is not a regular expression: missing ), "
            "unterminated subpattern at position 0",
        ),
        (
            '[accounts.x]\nchange_request = "C"\nchange_request_url = "https://changes.example.com"',
            "delivery.toml:3: error: accounts.x.change_request_url must have {change_request} in it",
        ),
        (
            '[accounts.x]\nchange_request_url = "https://changes.example.com/{change_request}"',
            "delivery.toml:2: error: accounts.x needs no change request "
            '(set change_request = "CHG[0-9]+", the pattern of change requests)',
        ),
        (
            "[accounts.x]\nproduction = true",
            "delivery.toml:1: error: accounts.x is production and needs tested_in "
            '(tested_in = "NAME", or tested_in = "none" where images need not have run elsewhere)',
        ),
        (
            '[accounts.test]\n[accounts.live]\ntested_in = "tets"',
            "delivery.toml:3: error: accounts.live.tested_in: there is no account 'tets' "
            '(did you mean "test"?)',
        ),
        (
            '[accounts.x]\ntested_in = "x"',
            "delivery.toml:2: error: accounts.x.tested_in names the account itself",
        ),
        (
            '[bake]\nshare = ["111111111111", "prod"]',
            "delivery.toml:2: error: bake.share: there is no account 'prod' ([accounts.NAME])",
        ),
        (
            "[clusters.shop-v001]\nmin = 1",
            "delivery.toml:1: error: clusters.shop-v001: shop-v001 is the name of a group, not of a cluster "
            "(its cluster is shop)",
        ),
        (
            "[apps.my-shop]\nmin = 1",
            "delivery.toml:1: error: apps.my-shop: application 'my-shop': a hyphen separates application "
            "and stack (use myshop or my_shop)",
        ),
        ("x = [", "delivery.toml:1: error: this is not valid TOML: Invalid value"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_way_out(text: str, expected: str) -> None:
    assert errors(text) == [expected]


def test_everything_wrong_is_told_at_once() -> None:
    assert (
        len(errors("[lock]\ntabel = 1\n[bake]\nengine = 2\n[defaults]\nkeep = 0\n[accounts.a]\nid = 1")) == 4
    )


def test_the_only_account_needs_no_name_and_others_are_told_with_what_may_be_meant() -> None:
    assert loads("[accounts.only]").account().name == "only"
    settings = loads(BOTH)
    with pytest.raises(DeliveryError, match="no account is given") as which:
        settings.account()
    assert (which.value.hint, which.value.exit_code) == ("set --account to one of test, production", USAGE)
    with pytest.raises(DeliveryError) as wrong:
        settings.account("prodution")
    assert wrong.value.hint == 'did you mean "production"?'
    with pytest.raises(DeliveryError) as none:
        DeliverySettings().account("production")
    assert none.value.hint == "[accounts.production] in delivery.toml names one"


@given(st.text(max_size=80) | st.text(alphabet='[]="\n.accountsdefp 1', max_size=80))
def test_no_text_is_a_traceback(text: str) -> None:
    with suppress(SettingsError):
        loads(text)
