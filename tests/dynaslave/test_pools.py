from __future__ import annotations

import inspect
import json
import string
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave import AgentPool, agent_pool, during
from dynaslave.pools.defaults import lacking
from dynaslave.pools.estate import pools_of
from dynaslave.pools.pool import from_plain, make
from dynaslave.pools.quotas import fits
from dynaslave.pools.settings import ManagerSettings, Quota
from dynaslave.pools.settings import read as read_settings
from jobdsl.errors import DslError, EstateError, Where
from jobdsl.grammar.labels import parse, split
from jobdsl.isolation.walls import missing, walls
from jobdsl.loading.load import load
from jobdsl.model import Estate
from jobdsl.settings.config import LoadSettings, PolicySettings, Settings, Team

QUICK = Settings(load=LoadSettings(isolation="process", timeout_seconds=20))

POOLS = """
    from dynaslave import agent_pool, during
    from jobdsl import freestyle

    heavy = agent_pool("heavy", label=["big", "linux x86"], max_agents=20, spot=True,
                       instance_types=["c7i.4xlarge", "c6i.4xlarge"],
                       image={"name": "agent-*", "owner": "self"},
                       schedule=[during("* 8-17 * * 1-5", zone="Europe/Berlin", min_agents=1)])
    freestyle("build", agent=heavy)
    """


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return tmp_path

    return written


def wrong(**arguments: Any) -> DslError:
    with pytest.raises(DslError) as caught:
        agent_pool(**{"name": "p", "max_agents": 3, **arguments})
    return caught.value


def test_a_pool_in_a_dsl_file_and_a_job_that_takes_it(write: Callable[..., Path]) -> None:
    estate = load(write(jobs=POOLS), QUICK)
    assert '<assignedNode>big&amp;&amp;"linux x86"</assignedNode>' in estate.definitions[0].document
    (values,) = estate.extra["pool"]
    pool = from_plain(values)
    assert pool.where == Where("jobs.py", 5)
    assert pool.labels == ("big", "linux x86")
    assert (pool.spot, pool.instance_types) == ("prefer", ("c7i.4xlarge", "c6i.4xlarge"))
    assert pool.schedule[0].zone == "Europe/Berlin"
    assert str(pool.image) == "agent-* of self"
    assert split(values["label"]) == set(pool.labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("wall", ["process", "namespaces", "bubblewrap"])
def test_pools_load_behind_every_wall(write: Callable[..., Path], wall: str) -> None:
    walls("auto")
    if wall in missing:
        pytest.skip(f"no {wall} here: {missing[wall]}")
    try:
        estate = load(write(jobs=POOLS), QUICK, isolation=wall)
    except EstateError as error:
        pytest.skip(str(error.problems[0]))
    assert [pool["name"] for pool in estate.extra["pool"]] == ["heavy"]


def test_asking_for_a_pool_loads_neither_boto3_nor_http(write: Callable[..., Path]) -> None:
    heavy = "{'boto3', 'botocore', 'requests', 'urllib3'}"
    text = f"import sys\nloaded = {{name.partition('.')[0] for name in sys.modules}} & {heavy}\nassert not loaded"
    assert load(write(jobs=textwrap.dedent(POOLS) + text), QUICK).files == 1


def test_every_wrong_call_of_a_file_is_told_at_its_line(write: Callable[..., Path]) -> None:
    text = """
    from dynaslave import agent_pool
    from jobdsl import freestyle
    one = agent_pool("one", max_agent=3)
    two = agent_pool("two", max_agents=0)
    three = agent_pool("three")
    freestyle("a", agent=one, stepz=[])
    """
    with pytest.raises(EstateError) as caught:
        load(write(jobs=text), QUICK)
    assert [str(one) for one in caught.value.problems] == [
        "jobs.py:4: error: agent_pool has no argument 'max_agent' (did you mean \"max_agents\"?)",
        "jobs.py:5: error: agent_pool: max_agents: takes a whole number, 1 to 10,000, not 0",
        "jobs.py:6: error: agent_pool needs max_agents",
        "jobs.py:7: error: freestyle has no argument 'stepz' (did you mean \"steps\"?)",
    ]


def test_outside_a_load_a_pool_is_only_made_and_knows_its_line() -> None:
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    pool = agent_pool("linux", max_agents=4)
    assert pool.where == Where(__file__, line)
    assert (pool.labels, pool.label) == (("linux",), "linux")


def test_help_shows_the_arguments() -> None:
    assert list(inspect.signature(agent_pool).parameters)[:4] == [
        "name",
        "label",
        "max_agents",
        "instance_types",
    ]
    assert "spares: free agents" in (agent_pool.__doc__ or "")
    assert list(inspect.signature(during).parameters) == ["when", "zone", "min_agents", "spares"]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ({"name": "a b"}, "name: 'a b' is no name of a pool", "up to 40 letters"),
        ({"label": "a && b"}, "'a && b' is an expression", "agent=pool asks for all"),
        ({"label": [""]}, "no agent can have the label ''", ""),
        ({"label": 3}, "label: takes labels", ""),
        ({"instance_types": "large"}, "'large' is no instance type", 'as in "c7i.4xlarge"'),
        ({"image": "ami-zz"}, "no image id and no SSM parameter", "image="),
        ({"image": {"name": "x"}}, "needs its owner", 'owner="self"'),
        ({"image": {"nam": "x"}}, "image has no 'nam'", 'did you mean "name"?'),
        ({"executors": True}, "executors: takes a whole number", ""),
        ({"min_agents": 5}, "min_agents is 5, and max_agents only 3", ""),
        ({"schedule": [during("* * * * *", min_agents=7)]}, "min_agents is 7", ""),
        ({"schedule": "nightly"}, "a schedule is a list of during(...)", "schedule=[during("),
        (
            {"schedule": [{"when": "* * * * *", "spare": 1}]},
            "a period has no 'spare'",
            'did you mean "spares"?',
        ),
        ({"idle_minutes": -1}, "idle_minutes: takes a number of minutes", ""),
        ({"boot_minutes": 0.1}, "boot_minutes: no agent starts in 6 s", ""),
        ({"spot": "yes"}, 'spot: takes True, False or "only"', ""),
        ({"prefer": "cheap"}, 'takes "cost" or "balanced" or "speed", not', ""),
        ({"prefer": "sped"}, "not 'sped'", 'did you mean "speed"?'),
        ({"mode": "exclusiv"}, 'takes "exclusive" or "normal"', 'did you mean "exclusive"?'),
        ({"subnets": ["subnet-1"]}, "'subnet-1' is no id", "subnet-0123456789abcdef0"),
        ({"tags": {"aws:x": "1"}}, "the tag 'aws:x' is not yours", ""),
        ({"tags": {f"t{n}": "" for n in range(36)}}, "36 tags", ""),
        ({"user_data": "x" * 13_000}, "user_data: has over 12,000 bytes", "into the image"),
        ({"remote_fs": "agent"}, "remote_fs: 'agent' is no absolute path", ""),
        ({"team": "a\nb"}, "is no name of a team", ""),
        ({"spare": 2}, "agent_pool has no argument 'spare'", 'did you mean "spares"?'),
    ],
)
def test_what_cannot_be_is_told_by_argument(arguments: dict[str, Any], message: str, hint: str) -> None:
    error = wrong(**arguments)
    assert message in error.message
    assert hint in error.hint


def test_arguments_without_their_name() -> None:
    ask: Any = agent_pool
    any_during: Any = during
    with pytest.raises(DslError) as caught:
        ask("p", 3, max_agents=3)
    assert caught.value.message == "agent_pool does not know what 3 is"
    with pytest.raises(DslError, match="during needs when"):
        any_during()
    with pytest.raises(DslError, match="during has no argument 'zones'"):
        any_during("* * * * *", zones="UTC")


LABEL = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8).filter(
    str.strip
)
NAME = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=12).map("p".__add__)
POOL: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": NAME, "max_agents": st.integers(5, 50)},
    optional={
        "label": st.lists(LABEL, min_size=1, max_size=4),
        "instance_types": st.lists(st.sampled_from(["c7i.large", "m7i.xlarge", "t3.nano"]), max_size=3),
        "image": st.sampled_from(
            ["ami-0123456789abcdef0", "ssm:/a/b", {"name": "x*", "owner": "self", "tags": {"a": "b"}}]
        ),
        "executors": st.integers(1, 9),
        "min_agents": st.integers(0, 5),
        "spares": st.integers(0, 9),
        "idle_minutes": st.floats(0, 100),
        "max_uses": st.none() | st.integers(1, 9),
        "spot": st.sampled_from([True, False, "only"]),
        "schedule": st.lists(st.just({"when": "* 8-17 * * 1-5", "zone": "UTC", "spares": 2}), max_size=2),
        "tags": st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text(max_size=5), max_size=3),
        "mode": st.sampled_from(["exclusive", "normal"]),
        "prefer": st.sampled_from([None, "cost", "balanced", "speed"]),
        "priority": st.integers(-5, 5),
        "team": st.sampled_from(["", "payments"]),
    },
)


@given(POOL)
def test_a_pool_survives_the_way_through_json(arguments: dict[str, Any]) -> None:
    pool = make(arguments)
    again = from_plain(json.loads(json.dumps(pool.plain())))
    assert again == pool
    assert parse(pool.label).matches(pool.labels)
    for label in pool.labels:
        assert not parse(pool.label).matches(frozenset(pool.labels) - {label})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(list(inspect.signature(agent_pool).parameters)), ANYTHING)
def test_whatever_a_process_sends_back_is_a_pool_or_an_error(key: str, value: Any) -> None:
    try:
        pool = from_plain({"name": "p", "max_agents": 3, key: value, "file": "a.py", "line": 1})
    except DslError:
        return
    assert isinstance(pool, AgentPool)


def estate(*pools: AgentPool) -> Estate:
    values: list[dict[str, object]] = [
        {**pool.plain(), "file": pool.where.file if pool.where else "?", "line": at}
        for at, pool in enumerate(pools, start=1)
    ]
    return Estate((), extra={"pool": values})


def placed(file: str, **arguments: Any) -> AgentPool:
    return from_plain({"name": "p", "max_agents": 1, **arguments, "file": file, "line": 1})


TEAMS = Settings(
    policy=PolicySettings("deny"),
    teams=(
        Team("payments", folders=("payments",), labels=("payments*",)),
        Team("search", folders=("search",)),
        Team("both", files=("payments/shared.py", "search/**")),
    ),
)


def test_a_pool_counts_for_the_team_its_file_belongs_to() -> None:
    pools, problems = pools_of(estate(placed("payments/a.py", label="payments-x")), TEAMS)
    assert [pool.team for pool in pools] == ["payments"]
    assert problems == []


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        (
            placed("other.py"),
            "pool 'p': other.py belongs to no team (name it in a team's files= in jobdsl.toml)",
        ),
        (
            placed("payments/a.py", label="payments", team="search"),
            "may not speak for team 'search' (leave team= out)",
        ),
        (
            placed("payments/a.py", label="deploy"),
            "team payments may not offer agents with the label 'deploy'",
        ),
        (
            placed("search/a.py"),
            'the file belongs to the teams search, both (say whose pool it is: team="search")',
        ),
    ],
)
def test_a_file_speaks_for_its_own_team_only(pool: AgentPool, said: str) -> None:
    _, problems = pools_of(estate(pool), TEAMS)
    assert [said in str(problem) for problem in problems] == [True]
    assert problems[0].where == pool.where


def test_two_pools_of_one_name_are_told_with_both_lines() -> None:
    pools, problems = pools_of(estate(placed("a.py", name="x"), placed("b.py", name="X")), Settings())
    assert [pool.name for pool in pools] == ["x"]
    assert str(problems[0]) == (
        "b.py:2: error: pool 'X' is defined twice: here and at a.py:1 (give one another name, or remove it)"
    )


QUOTAS = ManagerSettings(teams={"payments": Quota(agents=2)})


@pytest.mark.parametrize(
    ("file", "team", "counts"),
    [
        ("payments/pools.py", "", "payments"),
        ("payments/deep/pools.py", "payments", "payments"),
        ("payments.py", "", "payments"),
        ("search/pools.py", "", ""),
        ("pools.py", "payments", "payments"),
        ("payments-old/pools.py", "", ""),
    ],
)
def test_without_teams_a_quota_binds_the_files_below_its_name(file: str, team: str, counts: str) -> None:
    values = estate(placed(file, max_agents=3, team=team))
    pools, problems = pools_of(values, Settings(), QUOTAS)
    assert ([pool.team for pool in pools], problems) == ([counts], [])
    beyond = [problem for problem in fits(pools, QUOTAS) if problem.severity == "error"]
    assert ["team payments" in str(problem) for problem in beyond] == [True] * bool(counts)


def test_no_file_of_a_team_with_a_quota_counts_for_another() -> None:
    _, problems = pools_of(estate(placed("payments/a.py", team="other")), Settings(), QUOTAS)
    assert "counts for team 'payments', which has a quota, not for 'other'" in str(problems[0])


DEFAULTS_TOML = """
[pools.defaults]
image = {name = "agent-*", owner = "self"}
instance_types = ["c7i.large", "c6i.large"]
instance_profile = "jenkins-agent"
subnets = ["subnet-0a1b2c3d4e5f60718"]
security_groups = ["sg-0a1b2c3d"]
root_volume_gb = 100
user_data = "mount /cache"
tags = {cost = "build", team = "none"}
"""


def test_what_a_pool_does_not_say_the_estate_says() -> None:
    manager = settings_of(DEFAULTS_TOML)
    plain = placed("a.py")
    own = placed("a.py", name="own", instance_types=["m7i.large"], root_volume_gb=50, tags={"team": "x"})
    pools, problems = pools_of(estate(plain, own), Settings(), manager)
    assert problems == []
    first, second = pools
    assert (str(first.image), first.instance_types, first.root_volume_gb, first.user_data) == (
        "agent-* of self",
        ("c7i.large", "c6i.large"),
        100,
        "mount /cache",
    )
    assert first.tags == (("cost", "build"), ("team", "none"))
    assert (second.instance_types, second.root_volume_gb) == (("m7i.large",), 50)
    assert second.tags == (("cost", "build"), ("team", "x"))
    assert list(lacking(pools, "ec2")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pools.defaults]\nimage = 3", "jobdsl.toml:2: error: pools.defaults.image"),
        ("[pools.defaults]\nsubnets = ['x']", "jobdsl.toml:2: error: pools.defaults.subnets: 'x' is no id"),
        ("[pools.defaults]\nimages = 'ami-1'", 'unknown key pools.defaults.images (did you mean "image"?)'),
        ("[pools.defaults]\nname = 'x'", "unknown key pools.defaults.name"),
        ("[pools]\ndefaults = 3", "pools.defaults must be a table"),
        ("[pools]\nprovider = 'gcp'", "jobdsl.toml:2: error: pools.provider"),
    ],
)
def test_wrong_defaults_are_told_at_their_line(text: str, said: str) -> None:
    with pytest.raises(EstateError) as caught:
        settings_of(text)
    assert said in str(caught.value.problems[0])


def settings_of(text: str) -> ManagerSettings:
    return read_settings(Path("/nowhere"), Settings(text=text))


def test_what_a_pool_lacks_to_be_launched_is_told() -> None:
    pools = [placed("a.py"), placed("b.py", image="ami-0123456789abcdef0", instance_types=["c7i.large"])]
    told = [str(problem) for problem in lacking(pools, "ec2")]
    assert "EC2 needs image and instance_types and instance_profile" in told[0]
    assert "EC2 needs instance_profile (" in told[1]
    assert "warning" in told[0]
    assert list(lacking(pools, "local")) == []
