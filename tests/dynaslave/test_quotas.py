from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.pools import prices
from dynaslave.pools.pool import AgentPool, make
from dynaslave.pools.quotas import fits, limits
from dynaslave.pools.settings import ManagerSettings, Quota, TotalQuota, read
from jobdsl.checks import extensions
from jobdsl.cli import main as cli
from jobdsl.errors import EstateError
from jobdsl.model import Estate
from jobdsl.settings import config
from jobdsl.testing import problems

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(toml: str = "", **files: str) -> Path:
        (tmp_path / "jobdsl.toml").write_text(textwrap.dedent(toml))
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"from dynaslave import agent_pool\n{textwrap.dedent(text)}")
        return tmp_path

    return written


def told(root: Path) -> list[str]:
    """What is wrong, but for what the pools here lack to be launched."""
    return [str(one) for one in problems(root) if one.rule != "ec2"]


def settings_problems(root: Path) -> list[str]:
    with pytest.raises(EstateError) as caught:
        read(root, config.load(root))
    return [str(one) for one in caught.value.problems]


QUOTAS = """
    [teams.payments]
    folders = ["payments"]
    [teams.search]
    folders = ["search"]
    [quotas]
    agents = 30
    instance_types = ["c7i.*", "t3.*"]
    [quotas.teams.payments]
    vcpus = 100
    [quotas.teams.search]
    monthly_cost = 500
"""


def test_a_request_within_its_quota_is_no_problem(write: Write) -> None:
    root = write(QUOTAS, payments__a='agent_pool("a", max_agents=6, instance_types="c7i.4xlarge")')
    assert told(root) == []


def test_an_instance_profile_that_a_quota_does_not_name_is_refused(write: Write) -> None:
    quotas = QUOTAS.replace("vcpus = 100", 'vcpus = 100\n    instance_profiles = ["agent", "payments-*"]')
    quotas = quotas.replace("agents = 30", 'agents = 30\n    instance_profiles = ["agent", "*-*"]')
    pool = 'agent_pool({name!r}, max_agents=1, instance_types="c7i.large", instance_profile={profile!r})\n'
    made = [("a", "payments-1"), ("b", "agent"), ("c", "search-1"), ("d", "admin"), ("e", "agen?"), ("f", "")]
    text = "".join(pool.format(name=name, profile=profile) for name, profile in made)
    other = pool.format(name="s", profile="search-1")
    assert told(write(quotas, payments__a=text, search__b=other)) == [
        "payments/a.py:4: error: pool 'c': team payments may not use the instance profile 'search-1' "
        "(what may be used: agent, payments-*)",
        "payments/a.py:5: error: pool 'd': the account may not use the instance profile 'admin' "
        "(what may be used: agent, *-*)",
        "payments/a.py:5: error: pool 'd': team payments may not use the instance profile 'admin' "
        "(what may be used: agent, payments-*)",
        "payments/a.py:6: error: pool 'e': the account may not use the instance profile 'agen?' "
        "(what may be used: agent, *-*)",
        "payments/a.py:6: error: pool 'e': team payments may not use the instance profile 'agen?' "
        "(what may be used: agent, payments-*)",
    ]


def test_an_instance_profile_of_the_defaults_counts(write: Write) -> None:
    settings = """
        [pools.defaults]
        instance_profile = "agent"
        [quotas]
        instance_profiles = []
        """
    root = write(settings, a='agent_pool("a", max_agents=1, instance_types="c7i.large")')
    assert any("the account may not use the instance profile 'agent'" in line for line in told(root))


def test_requests_beyond_a_quota_are_told_with_their_line_and_what_fits(write: Write) -> None:
    root = write(
        QUOTAS,
        payments__a="""
            agent_pool("small", max_agents=10, instance_types=["t3.large", "c7i.xlarge"])
            agent_pool("heavy", max_agents=12, instance_types="c7i.4xlarge")
            """,
        search__b='agent_pool("index", max_agents=9, instance_types=["c7i.large", "p3.2xlarge"])',
    )
    assert told(root) == [
        "search/b.py:2: error: pool 'index': the account may not use p3.2xlarge (what may be used: c7i.*, t3.*)",
        "search/b.py:2: error: pool 'index': vCPUs and price of p3.2xlarge are unknown, and a quota counts them "
        '(did you mean "t3.2xlarge"?)',
        "search/b.py:2: error: pool 'index': 9 agents are more than the 30 agents of the account, "
        "of which other pools have 22 agents (max_agents=8 fits)",
        "payments/a.py:4: error: pool 'heavy': 192 vCPUs are more than the 100 vCPUs of team payments, "
        "of which other pools have 40 vCPUs (max_agents=3 fits)",
        "search/b.py:2: error: pool 'index': $586.37 a month are more than the $500.00 a month of team search "
        "(max_agents=7 fits; counted is every agent for 730 hours a month (quotas.hours_a_month))",
    ]


def test_where_not_one_agent_fits_the_way_out_is_another_quota(write: Write) -> None:
    root = write("[quotas]\nvcpus = 8\n", a='agent_pool("a", max_agents=2, instance_types="m7i.4xlarge")')
    (only,) = told(root)
    assert only.endswith("(ask for more: vcpus in [quotas] of jobdsl.toml)")


def test_lint_plan_and_apply_stop_at_a_quota(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write("[quotas]\nagents = 3\n", a='agent_pool("a", max_agents=4)')
    assert cli.run(["lint", str(root)]) == 1
    assert (
        "a.py:2: error: pool 'a': 4 agents are more than the 3 agents of the account"
        in capsys.readouterr().err
    )
    from jobdsl.testing import SimulatedJenkins

    with SimulatedJenkins() as jenkins:
        access = ["--url", jenkins.url, "--user", jenkins.user, "--token", jenkins.token]
        assert cli.run(["plan", str(root), *access]) == 1
        assert cli.run(["apply", str(root), "--yes", *access]) == 1
        write("", a='agent_pool("a", max_agents=4)')
        capsys.readouterr()
        assert cli.run(["plan", str(root), *access]) == 0
        assert capsys.readouterr().err.endswith("; beside jobs: 1 pool\n")


def test_labels_of_pools_are_provided(write: Write) -> None:
    root = write(
        "[controller]\nlabels = ['linux']\n",
        a="""
            from jobdsl import freestyle, steps
            pool = agent_pool("a", label=["big box", "arm"], max_agents=4)
            freestyle("good", agent=pool, steps=[steps.shell("make")])
            freestyle("odd", agent='"big box" && amr', steps=[steps.shell("make")])
            """,
    )
    (only,) = told(root)
    assert "no agent or pool provides the label 'amr' (did you mean \"arm\"?)" in only


def test_two_pools_of_one_name_in_two_files(write: Write) -> None:
    root = write("", a='agent_pool("p", max_agents=4)', b='agent_pool("p", max_agents=4)')
    (only,) = told(root)
    assert only.startswith("b.py:2: error: pool 'p' is defined twice: here and at a.py:2")


def test_every_error_of_the_tables_has_its_line(write: Write) -> None:
    root = write(
        """\
        [pools]
        manger = "main"
        prices = "/etc/prices.toml"
        [teams.payments]
        folders = ["payments"]
        [quotas]
        agents = -1
        hours_a_month = 1000
        team = 3
        [quotas.teams.payment]
        vcpu = 3
        instance_types = "c7i.*"
        """,
        a="",
    )
    assert settings_problems(root) == [
        'jobdsl.toml:2: error: unknown key pools.manger (did you mean "manager"?)',
        "jobdsl.toml:3: error: pools.prices must be relative to the estate's root and inside it",
        "jobdsl.toml:7: error: quotas.agents must be 0 or more, not -1",
        "jobdsl.toml:8: error: quotas.hours_a_month must be between 1 and 744, not 1000",
        'jobdsl.toml:9: error: unknown key quotas.team (did you mean "teams"?)',
        "jobdsl.toml:10: error: quotas.teams.payment: there is no team 'payment' (did you mean \"payments\"?)",
        'jobdsl.toml:11: error: unknown key quotas.teams.payment.vcpu (did you mean "vcpus"?)',
        'jobdsl.toml:12: error: quotas.teams.payment.instance_types must be a list of texts, as in ["a", "b"], '
        'not "c7i.*"',
    ]
    assert [line for line in told(root) if "pools.manger" in line]  # also without a single pool


def test_the_estate_may_bring_its_own_prices(write: Write) -> None:
    root = write(
        '[pools]\nprices = "own.toml"\n[quotas]\nvcpus = 20\n',
        a='agent_pool("a", max_agents=3, instance_types="x9.big")',
    )
    (root / "own.toml").write_text('"x9.big" = { vcpus = 7, memory_gib = 1, dollars_hour = 0.5 }\n')
    (only,) = told(root)
    assert "21 vCPUs are more than the 20 vCPUs" in only
    (root / "own.toml").write_text('"x9.big" = { vcpus = 0.5, memory = 1, dollars_hour = 1 }\n"y.z" = 3\n')
    assert settings_problems(root) == [
        'own.toml:1: error: unknown key x9.big.memory (did you mean "memory_gib"?)',
        "own.toml:1: error: x9.big has no memory_gib",
        "own.toml:2: error: y.z must be a table, not 3 (write [y.z])",
        "own.toml:2: error: y.z has no vcpus and no memory_gib and no dollars_hour",
    ]
    (root / "own.toml").unlink()
    assert "the prices cannot be read: No such file" in settings_problems(root)[0]


def test_a_type_nobody_knows_is_a_warning_where_nothing_counts_it(write: Write) -> None:
    root = write("", a='agent_pool("a", max_agents=3, instance_types="c7i.4xlrge")')
    assert told(root) == [
        "a.py:2: warning: pool 'a': vCPUs and price of c7i.4xlrge are unknown (did you mean \"c7i.4xlarge\"?)"
    ]


def test_the_shipped_prices_make_sense() -> None:
    table = prices.shipped()
    assert len(table) > 300
    assert table["c7i.4xlarge"] == prices.Price(16, 32.0, 0.714)
    for family in {name.partition(".")[0] for name in table}:
        rows = [row for name, row in table.items() if name.partition(".")[0] == family]
        per_vcpu = [row.dollars_hour / row.vcpus for row in rows if family[0] not in "tg" or family == "t3"]
        assert all(row.vcpus > 0 and row.memory_gib > 0 and row.dollars_hour > 0 for row in rows)
        if family[:2] in ("c7", "m7", "r7", "c6", "m6", "r6"):
            assert max(per_vcpu) / min(per_vcpu) < 1.01, family
    assert prices.dearest(["t3.nano", "c7i.large", "no.such"], table) == prices.Price(2, 4.0, 0.08925)
    assert prices.dearest(["no.such"], table) is None


def pool(name: str, **arguments: Any) -> AgentPool:
    return make({"name": name, "max_agents": 2, "instance_types": ["c7i.large"], **arguments})


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from(["t3.nano", "c7i.large", "m7i.4xlarge"])), max_size=6
    ),
    st.integers(0, 60),
    st.integers(0, 200),
)
def test_what_is_told_to_fit_does_fit(asked: list[tuple[int, str]], agents: int, vcpus: int) -> None:
    pools = [pool(f"p{at}", max_agents=most, instance_types=[kind]) for at, (most, kind) in enumerate(asked)]
    manager = ManagerSettings(account=TotalQuota(agents=agents, vcpus=vcpus))
    table = prices.shipped()
    found = list(fits(pools, manager))
    refused = {one.message.split("'")[1] for one in found}
    kept = [one for one in pools if one.name not in refused]
    assert not list(fits(kept, manager))
    within = (
        sum(one.max_agents for one in pools) <= agents
        and sum(one.max_agents * table[one.instance_types[0]].vcpus for one in pools) <= vcpus
    )
    assert within == (not found)


def test_limits_while_it_runs() -> None:
    manager = ManagerSettings(
        account=TotalQuota(agents=9, instance_types=("c7i.*",)),
        teams={"payments": Quota(vcpus=8, monthly_cost=100.0)},
    )
    pools = [pool("a", team="payments"), pool("b", team="payments"), pool("c")]
    made = limits(manager, pools, {"a": 1.5, "b": 2.0, "c": 4.0, "gone": 1.0})
    assert (made.account.agents, made.account.instance_types, made.account.spent) == (9, ("c7i.*",), 8.5)
    assert (made.teams["payments"].vcpus, made.teams["payments"].spent) == (8, 3.5)
    assert made.teams["payments"].dollars_month == 100.0
    assert made.types["c7i.large"].vcpus == 2


def test_nothing_is_looked_up_for_an_estate_of_jobs_alone(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text('from jobdsl import freestyle\nfreestyle("a")\n')
    script = "import sys; from jobdsl.cli.main import run; run(sys.argv[1:]); print(*sorted(sys.modules))"
    command = [sys.executable, "-c", script, "lint", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "dynaslave" not in done.stdout


def test_definitions_nobody_checks_are_told(tmp_path: Path) -> None:
    extra: dict[str, list[dict[str, object]]] = {"robot": [{"file": "a.py", "line": 3}]}
    (only,) = extensions.check(tmp_path, Estate((), extra=extra), config.Settings())
    assert str(only).startswith("a.py:3: warning: nothing installed here checks a robot")
