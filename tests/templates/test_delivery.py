"""The templates of delivery: what they make, what may be changed, and what is told of mistakes."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from groovy_parser import complaints

from jobdsl import DslError, freestyle, steps, templates
from jobdsl.templates import Service, Stage, bake, canary, deploy, options, rollback, service
from jobdsl.templates.build import Building
from jobdsl.templates.delivery_job import DeliveryArguments
from jobdsl.testing import problems, render

DOCS = Path(__file__).parents[2] / "docs"
REPO = "https://git.example.com/store/cart.git"
WHEEL = "https://files.example.com/jobdsl-0.1.0-py3-none-any.whl"
COMMON: dict[str, Any] = {
    "account": "it's ours",
    "region": "eu-west-1",
    "settings": "delivery.toml",
    "aws_credentials": "aws",
    "agent": "linux",
    "mail": "a@example.com",
    "slack": "#deploys",
    "install": WHEEL,
}
FULL: dict[str, dict[str, Any]] = {
    "bake": {
        "package": "dist/*.deb", "build_job": "bake", "base": "tag:os=debian", "app": "cart", "engine": "packer",
        "copy_to": ["us-east-1", "us-west-2"], "share": ["production"], "then": ["deploy", "canary"],
        "hand_on": "artifacts",
    },
    "bake_reaper": {"options": "--hours 2"},
    "ami_cleanup": {"apply": True, "options": "--keep 3"},
    "group_cleanup": {"schedule": "H 3 * * *"},
    "status": {"schedule": "H 4 * * *"},
    "deploy": {
        "cluster": "cart", "strategy": "ramp", "smoke": "curl -f http://it's/healthz", "change_request": True,
        "tested_job": "canary", "bake_job": "bake", "then": "promote", "hand_on": "artifacts",
        "adjustable": True, "build_names": True,
    },
    "canary": {"cluster": "cart-eu", "smoke": "true", "change_request": True, "tested_job": "deploy", "bake_job": "bake"},
    "promote": {"cluster": "cart-eu"},
    "rollback": {"cluster": "cart-eu"},
    **{name: {"cluster": "cart-eu", "console": True} for name in ("resize", "traffic", "terminate")},
    "resume": {"cluster": "cart-eu", "schedule": "H/10 * * * *"},
}  # fmt: skip
LEAST: dict[str, dict[str, Any]] = {
    "bake": {"package": "https://artifacts.example.com/cart.deb", "tool": "delivery"},
    **{name: {"tool": "delivery"} for name in ("bake_reaper", "ami_cleanup", "group_cleanup", "status")},
    **{
        name: {"cluster": "cart", "tool": "delivery"}
        for name in ("deploy", "canary", "promote", "rollback", "resume", "resize", "traffic", "terminate")
    },
}


def of(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(templates, name)
    return found


def ways(**more: Any) -> list[Service]:
    """Services of all kinds."""
    made = []
    for strategy, as_pipeline in product(["red-black", "canary"], [False, True]):
        given = {"strategy": strategy, "as_pipeline": as_pipeline, "install": WHEEL, **more}
        made.append(service("cart", repo=REPO, build="make", **given))
    return made


EVERYTHING: dict[str, Any] = {
    **{name: value for name, value in COMMON.items() if name not in ("account", "settings", "install")},
    "branches": ["main", "release-1.4"],
    "repository": "https://artifacts.example.com/it's ours",
    "repository_credentials": "artifacts",
    "git_credentials": "git",
    "release": True,
    "smoke": "./smoke 'quoted'",
    "adjustable": True,
    "build_names": True,
    "production_account": "it's production",
}


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """Where the settings are that the templates are told to take."""
    (tmp_path / "delivery.toml").write_text('[accounts.test]\nid = "111111111111"\n')
    return tmp_path


def scripts(estate: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every script the templates make."""
    monkeypatch.chdir(estate)
    jobs: list[Any] = [of(name)(name, **given) for name, given in LEAST.items()]
    jobs += [of(name)(f"{name}-full", **given, **COMMON) for name, given in FULL.items()]
    jobs += [job for one in [*ways(), *ways(**EVERYTHING)] for job in one if isinstance(job, freestyle)]
    found = [(job.name, step) for job in jobs for step in job.steps if hasattr(step, "command")]
    found += [
        (stage.name, steps.shell(text))
        for one in [*ways(), *ways(**EVERYTHING)]
        for stage in one.stages or ()
        for text in (stage.script, stage.otherwise)
        if text
    ]
    return {step.command: name for name, step in found}


def test_every_template_lints_clean(estate: Path) -> None:
    lines = ["from jobdsl.templates import *"]
    lines += [f"{name}({name!r}, **{given!r}, **{COMMON!r})" for name, given in FULL.items()]
    lines += [f"{name}({name + '-least'!r}, **{given!r})" for name, given in LEAST.items()]
    for number, (strategy, as_pipeline) in enumerate(product(["red-black", "canary", "ramp"], [False, True])):
        kind = f"build='make', install={WHEEL!r}, strategy={strategy!r}, as_pipeline={as_pipeline}"
        lines.append(f"service('cart{number}', repo={REPO!r}, {kind})")
        lines.append(f"service('till{number}', repo={REPO!r}, {kind}, **{EVERYTHING!r})")
    (estate / "jobs.py").write_text("\n".join(lines))
    assert [str(problem) for problem in problems(estate)] == []
    assert len(render(estate)) > 80


ANALYSIS = """prometheus_url = "http://prometheus.example.com"
[metrics.latency]
query = 'latency{group="{group}"}'
"""


@pytest.mark.parametrize("hand_on", ["parameters", "artifacts"])
def test_a_service_goes_to_production_without_a_user(
    estate: Path, monkeypatch: pytest.MonkeyPatch, hand_on: str
) -> None:
    monkeypatch.chdir(estate)
    (estate / "analysis.toml").write_text(ANALYSIS)
    given: dict[str, Any] = {
        "repo": REPO, "build": "make", "install": WHEEL, "analysis": "analysis.toml", "approve": False,
    }  # fmt: skip
    made = service("cart", hand_on=hand_on, **given)
    assert made.test.publishers["next"] is not None
    command = made.production.steps["deploy"].command
    assert "--strategy canary" in command
    assert "/delivery/analysis.toml" in command
    assert "latency{group=" in made.production.steps["prepare"].command
    assert "jobdsl[delivery,analysis]" in made.production.steps["prepare"].command
    assert "--analysis" in made.resume.steps["resume"].command
    for job in (made.test.steps["deploy"], made.promote.steps["promote"], made.rollback.steps["rollback"]):
        assert "--analysis" not in job.command
    pipeline = service("pipe", as_pipeline=True, **given)
    assert "approve" not in pipeline.stages.names
    assert "decide" in pipeline.stages.names  # where metrics are undecided
    assert "--analysis" in pipeline.stages["production"].script
    asking = service("ask", as_pipeline=True, **{**given, "approve": True})
    assert "approve" in asking.stages.names


def test_metrics_judge_canaries_only(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(estate)
    (estate / "analysis.toml").write_text(ANALYSIS)
    with pytest.raises(DslError, match="analysis judges canaries, and strategy is 'ramp'"):
        service("cart", repo=REPO, build="make", install=WHEEL, analysis="analysis.toml", strategy="ramp")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scripts(estate, monkeypatch)
    assert len(found) > 40
    for number, command in enumerate(found):
        assert "{%" not in command
        assert "{{" not in command
        (estate / f"{number}.sh").write_text(command)
    words = ["shellcheck", "--norc", "--shell=sh", *map(str, sorted(estate.glob("*.sh")))]
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    assert done.stdout == ""


def test_the_parser_of_groovy_takes_every_pipeline(tmp_path: Path) -> None:
    odd = {"mail": "it's \\ a@example.com", "slack": "#'''x", "production_account": 'a"b${c}', "poll": ""}
    made = {
        f"way{number}": one.pipeline.script or ""
        for number, one in enumerate([*ways(), *ways(**EVERYTHING), *ways(**odd)])
        if one.pipeline is not None
    }
    assert len(made) == 6
    assert complaints(made, tmp_path) == ""
    broken = {"broken": made["way1"].replace("stage(", "stage((", 1)}
    assert "broken.groovy" in complaints(broken, tmp_path)


def arguments(name: str) -> set[str]:
    """The arguments of a template: its own, and the options it shares with others."""
    own = set(inspect.signature(of(name)).parameters) - {"parts"}
    if name in ("library", "webapp"):
        return own | set(options.BuildOptions.__annotations__)
    own |= set(options.DeliveryOptions.__annotations__)
    return (
        own | {*options.PublishOptions.__annotations__, "release"} - {"account"} if name == "service" else own
    )


@pytest.mark.parametrize("name", [*FULL, "service", "library", "webapp"])
def test_help_tells_of_every_parameter(name: str) -> None:
    said, ahead = "", [name]
    while ahead:
        text = inspect.getdoc(of(ahead.pop())) or ""
        said += text
        meant = set(re.findall(r"as\s+(?:in\s+)?`(\w+)`", text)) & set(templates.__all__)
        ahead += [one for one in meant if (inspect.getdoc(of(one)) or "") not in said]
    assert [one for one in arguments(name) - {"name", "account"} if f"`{one}`" not in said] == []


def rows(section: str) -> set[str]:
    """The parameters a table lists in its first column."""
    first = re.findall(r"^\| (`[^|]*) \|", section, re.M)
    return {one for cell in first for one in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("name", [*FULL, "service"])
def test_the_page_has_every_parameter_and_no_other(name: str) -> None:
    page = (DOCS / "templates-delivery.md").read_text("utf-8")
    section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    common = rows(page.partition("\n## In all of them\n")[2].partition("\n## ")[0])
    listed = rows(section)
    own = arguments(name) - {"name"}
    assert listed - own == set()
    assert own - listed - common == set()
    defaults = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section, re.M))
    for one, said in defaults.items():
        parameters = inspect.signature(of(name)).parameters
        shared = {"poll": Building.poll, "release": False}
        default = parameters[one].default if one in parameters else shared.get(one)
        if isinstance(default, str | bool | int):
            assert said == f"`{default!r}`".replace("'", '"'), one


def test_the_page_on_builds_has_every_parameter() -> None:
    page = (DOCS / "templates-build.md").read_text("utf-8")
    listed = rows(page.partition("\n## Parameters\n")[2].partition("\n## ")[0])
    assert listed == arguments("webapp")


def test_checked_options_are_the_declared_ones() -> None:
    assert [one.name for one in fields(DeliveryArguments)] == [
        *(
            one
            for one in options.DeliveryOptions.__annotations__
            if one not in options.NoticeOptions.__annotations__
        ),
        *options.NoticeOptions.__annotations__,
        "analysis",  # of some jobs only
    ]
    declared = {*options.BuildOptions.__annotations__, "repo", "variant"}
    assert {one.name for one in fields(Building)} == declared


def test_options_are_kept_for_several_calls() -> None:
    here = templates.delivery_options(tool="delivery", account="test")
    job = templates.promote("x", cluster="cart", region="eu-west-1", **here)
    assert "--account test --region eu-west-1" in job.steps["promote"].command
    with pytest.raises(DslError, match="no option 'acount'") as error:
        templates.delivery_options(acount="test")
    assert error.value.hint == 'did you mean "account"?'
    with pytest.raises(DslError, match="no option 'tool'"):
        templates.build_options(tool="delivery")


def test_a_chain_hands_on_what_it_makes() -> None:
    made = service("cart", repo=REPO, build="make", install=WHEEL, strategy="canary", cluster="shop-cart")
    assert [job.name for job in made] == [
        "cart-main", "cart-pull-request", "cart-bake", "cart-test", "cart-production", "cart-promote",
        "cart-rollback", "cart-resume",
    ]  # fmt: skip
    main, test = made.builds["main"].xml, made.test.xml if made.test else ""
    assert "<projects>cart-bake</projects>" in main
    assert "BUILD=$BUILD_NUMBER" in main
    assert "<string>cart-bake</string>" in main
    assert "dist/**, dist/*.deb" in main
    assert "<projects>cart-test</projects>" in (made.bake.xml if made.bake else "")
    assert "<string>cart-production</string>" in test
    production = made.production.steps["deploy"].command if made.production else ""
    assert "--app shop --cluster shop-cart --strategy canary --account production" in production
    assert "tested/image.properties" in production
    assert " --app shop " in (made.bake.steps["bake"].command if made.bake else "")
    piped = service(
        "cart", repo=REPO, build="make", install=WHEEL, cluster="shop-cart", as_pipeline=True
    ).stages
    assert piped is not None
    assert " --app shop " in piped["bake"].script


def test_a_chain_can_do_without_the_parameterized_trigger_plugin() -> None:
    made = service("cart", repo=REPO, build="make", install=WHEEL, strategy="canary", hand_on="artifacts")
    assert not any("parameterizedtrigger" in job.xml for job in made)
    main, baked, tested = made.builds["main"].xml, made.bake.xml if made.bake else "", made.test
    assert "<childProjects>cart-bake</childProjects>" in main
    assert "<childProjects>cart-test</childProjects>" in baked
    assert "<string>cart-test</string>" in baked
    assert tested is not None
    assert "<project>cart-bake</project>" in tested.xml
    with_parameters = service("till", repo=REPO, build="make", install=WHEEL)
    assert any("parameterizedtrigger" in job.xml for job in with_parameters)


def test_a_canary_that_does_not_wait_is_not_asked_about() -> None:
    made = service("cart", repo=REPO, build="make", install=WHEEL, strategy="canary", as_pipeline=True)
    script = (made.pipeline.script or "") if made.pipeline else ""
    after = script.partition("stage('production')")[2]
    question = after.partition("if (waits) {")[2]
    assert '"outcome": "waiting"' in after.partition("if (waits) {")[0]
    assert "stage('decide')" in question
    assert "node(" not in after.partition("if (waits) {")[0]
    assert question.index("if (waits) {") < question.index("node(''")
    red_black = service("till", repo=REPO, build="make", install=WHEEL, as_pipeline=True)
    assert "if (waits)" not in ((red_black.pipeline.script or "") if red_black.pipeline else "")


def test_what_is_sent_or_kept_after_a_failure_does_not_hide_it() -> None:
    made = service(
        "cart", repo=REPO, build="make", install=WHEEL, as_pipeline=True, mail="a@example.com", slack="#x"
    )
    script = (made.pipeline.script or "") if made.pipeline else ""
    handler = script.partition("} catch (Throwable failure) {\n        try {\n            mail(")[2]
    assert handler.count("} catch (Throwable unsent) {") == 2
    assert handler.index("slackSend(") < handler.index("throw failure")
    assert "finally" not in script
    assert script.count("def keeping(Closure work, Closure keep) {") == 1
    for step in ("junit(", "archiveArtifacts("):
        ahead = script.partition(f" {step}")[0].splitlines()
        assert any(line.strip() == "}) {" for line in ahead[-3:]), step


def test_nothing_leads_to_production_where_there_is_none() -> None:
    made = service("cart", repo=REPO, build="make", install=WHEEL, production_account=None)
    assert [job.name for job in made] == ["cart-main", "cart-pull-request", "cart-bake", "cart-test"]
    piped = service("cart", repo=REPO, build="make", install=WHEEL, production_account=None, as_pipeline=True)
    assert piped.stages is not None
    assert piped.stages.names[-1] == "deploy"


def test_one_account_takes_two_clusters() -> None:
    made = service(
        "cart", repo=REPO, build="make", install=WHEEL, test_account="ours", production_account="ours"
    )
    assert made.test is not None
    assert "--cluster cart-test" in made.test.steps["deploy"].command
    assert made.production is not None
    assert "--cluster cart " in made.production.steps["deploy"].command


def test_pull_requests_and_other_branches_stay_beside_a_pipeline() -> None:
    made = service(
        "cart", repo=REPO, build="make", install=WHEEL, as_pipeline=True, branches=["main", "next"]
    )
    assert [job.name for job in made] == [
        "cart-next", "cart-pull-request", "cart-main", "cart-rollback", "cart-resume",
    ]  # fmt: skip
    assert made.pipeline is not None
    assert "flow-definition" in made.pipeline.xml


def test_parts_are_replaced_in_every_job_that_has_them() -> None:
    made = service(
        "cart",
        repo=REPO,
        build="make",
        install=WHEEL,
        compile=None,
        bake="./bake-it",
        smoke="true",
        artifacts=None,
        keep=7,
    )
    assert made.bake is not None
    assert made.bake.steps["bake"].command == "./bake-it"
    assert "compile" not in made.builds["main"].steps.names
    assert all(job.keep.builds == 7 and "artifacts" not in job.publishers.names for job in made)
    made.bake.steps.before("bake", steps.shell("./look-at-it"))
    made.bake.patch("description", "Ours")
    assert "<description>Ours</description>" in made.bake.xml


def test_stages_are_replaced_removed_and_put_beside_others() -> None:
    made = service(
        "cart",
        repo=REPO,
        build="make",
        install=WHEEL,
        as_pipeline=True,
        compile=None,
        bake="./bake-it",
        test="make check",
    )
    stages = made.stages
    assert stages is not None
    stages.before("deploy", Stage("sign", "./sign"))
    stages.after("deploy", Stage("measure", groovy="load('measure.groovy')"))
    stages["approve"] = Stage("approve", groovy="input('Go on?')", on_agent=False)
    assert stages.names[:8] == ["checkout", "test", "package", "prepare", "bake", "sign", "deploy", "measure"]
    script = made.pipeline.script if made.pipeline else ""
    assert all(one in script for one in ("./bake-it", "make check", "./sign", "measure.groovy", "Go on?"))
    assert "compile" not in made.builds.pull_request.steps.names
    with pytest.raises(DslError, match="no stage 'depoly'") as told:
        stages.after("depoly")
    assert told.value.hint == 'did you mean "deploy"?'


def test_what_the_agents_need_is_prepared_once() -> None:
    job = bake("b", package="x", install="jobdsl @ https://artifacts.example.com/jobdsl.whl")
    assert job.steps.names.keys() == {"prepare", "bake"}
    assert "requirement='jobdsl @ https://artifacts.example.com/jobdsl.whl'" in job.steps["prepare"].command
    assert bake("b", package="x", tool="/opt/our tools/delivery").steps.names.keys() == {"bake"}


@pytest.mark.parametrize(
    "by_name", ["jobdsl", "jobdsl==1.2", " JobDSL [aws] >=1", "jobdsl~=1.0; python_version > '3'"]
)
def test_lint_warns_of_a_name_that_any_account_could_publish(tmp_path: Path, by_name: str) -> None:
    lines = f"from jobdsl.templates import bake\nbake('b', package='x', install={by_name!r})\n"
    (tmp_path / "jobs.py").write_text(lines)
    (problem,) = problems(tmp_path)
    assert problem.severity == "warning"
    assert str(problem.where) == "jobs.py:2"
    assert "on no public index" in problem.message
    assert "jobdsl @ https://" in problem.hint


@pytest.mark.parametrize(
    "elsewhere",
    ["jobdsl @ https://files.example.com/j.whl", WHEEL, "./jobdsl-1-py3-none-any.whl", "acme-jobdsl==1"],
)
def test_lint_takes_a_requirement_that_says_where_it_comes_from(tmp_path: Path, elsewhere: str) -> None:
    lines = f"from jobdsl.templates import bake\nbake('b', package='x', install={elsewhere!r})\n"
    (tmp_path / "jobs.py").write_text(lines)
    assert problems(tmp_path) == []


def test_each_call_without_a_command_is_an_error_at_its_line(tmp_path: Path) -> None:
    calls = "from jobdsl.templates import *\nfor n in 'ab':\n    bake(n, package='x')\nami_cleanup('c', enigne=1)\n"
    (tmp_path / "jobs.py").write_text(calls)
    found = [str(problem) for problem in problems(tmp_path)]
    missing = [line.partition(": error: the job has no `delivery`")[0] for line in found if "neither" in line]
    assert missing == ["jobs.py:3", "jobs.py:4"]
    assert any("enigne" in line for line in found)


def test_settings_of_the_estate_travel_with_the_job(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(estate)
    job = deploy("d", cluster="cart", settings="delivery.toml", tool="delivery")
    assert 'id = "111111111111"' in job.steps["prepare"].command
    assert (
        '--settings "${WORKSPACE_TMP:-$WORKSPACE@tmp}"/delivery/delivery.toml' in job.steps["deploy"].command
    )


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: bake("b", package="x", tool="a", install="b"), "exclude each other", "leave one"),
        (lambda: bake("b", package="x", install="-r x"), "one pip requirement", ".whl"),
        (lambda: bake("b", package="x"), "neither tool= nor install=", 'tool="delivery"'),
        (lambda: templates.group_cleanup(), "neither tool= nor install=", 'install="https://'),
        (lambda: service("cart", repo=REPO, build="make"), "neither tool= nor install=", 'tool="delivery"'),
        (lambda: bake("b", package="x", settings="./delivery.toml", tool="delivery"), "by its path from the root", "delivery.toml"),
        (lambda: bake("b", package="x", settings="delivry.toml", tool="delivery"), "no file 'delivry.toml'", ""),
        (lambda: bake("b", package="x", bakee="x", tool="delivery"), "part or field 'bakee'", 'did you mean "bake"?'),
        (lambda: bake("b", package="x", enigne="x", tool="delivery"), "part or field 'enigne'", 'did you mean "engine"?'),
        (lambda: deploy("d", cluster="cart", strategy="canari", tool="delivery"), "strategy takes", 'did you mean "canary"?'),
        (lambda: service("cart", repo=REPO, build="make", install=WHEEL, test_cluster="till"), "is of application till", "cart-test"),
        (lambda: deploy("d", cluster="-cart", tool="delivery"), "an application needs a name", ""),
        (lambda: canary("d", cluster="cart v1", tool="delivery"), "application 'cart v1'", ""),
        (lambda: rollback("d", cluster="shop-v001", tool="delivery"), "is the name of a group", "its cluster is shop"),
        (lambda: templates.ami_cleanup(options="5", tool="delivery"), "options takes", "--limit"),
        (lambda: service("cart 1", repo=REPO, build="make", install=WHEEL), "application 'cart 1'", "cluster="),
        (lambda: service("cart", repo=REPO, build="mkae", install=WHEEL), "build takes one of", 'did you mean "make"?'),
        (lambda: service("cart", repo=REPO, build="make", install=WHEEL, strategy="blue"), "strategy takes", ""),
        (lambda: service("cart", repo=REPO, build="make", install=WHEEL, branches="main"), "branches takes a list", "main"),
        (lambda: service("cart", repo=REPO, build="make", install=WHEEL, smok="x"), "'smok'", 'did you mean "smoke"?'),
        (lambda: bake("b", package="x", hand_on="artefacts", tool="delivery"), "hand_on takes", 'did you mean "artifacts"?'),
        (lambda: deploy("d", cluster="cart", hand_on="x", tool="delivery"), "hand_on takes", "no Parameterized Trigger"),
        (lambda: service("cart", repo=REPO, build="make", hand_on="", install=WHEEL), "hand_on takes", ""),
        (
            lambda: service("cart", repo=REPO, build="make", install=WHEEL, as_pipeline=True, aprove="x"),
            "'aprove'",
            'did you mean "approve"?',
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_a_way_out(make: Callable[[], Any], message: str, hint: str) -> None:
    with pytest.raises(DslError) as told:
        make()
    assert message in told.value.message
    assert hint in told.value.hint


def test_a_pipeline_names_its_build_by_the_version_and_says_who_started_it() -> None:
    made = service("cart", repo=REPO, build="make", install=WHEEL, strategy="canary", as_pipeline=True)
    script = made.pipeline.script
    assert script.count("currentBuild.displayName = readFile('delivery-report/build-name.txt')") == 3
    assert script.count("currentBuild.description = readFile('delivery-report/build-description.txt')") == 3
    assert "getBuildCauses('hudson.model.Cause$UserIdCause')" in script
    for name in ("bake", "deploy", "production", "promote"):
        assert made.stages[name].environment["BUILD_USER_ID"] == "startedBy", name
    assert script.count('"BUILD_USER_ID=${startedBy}"') == 4


def test_builds_of_deploys_are_named_where_the_plugins_are(tmp_path: Path) -> None:
    deployed = templates.deploy("d", cluster="cart", tool="delivery", build_names=True)
    assert deployed.wrappers["build_name"].template == '${FILE,path="delivery-report/build-name.txt"}'
    made = service("cart", repo=REPO, build="make", tool="delivery", strategy="canary", build_names=True)
    named = {job.name for job in made if isinstance(job, freestyle) and "build_name" in job.wrappers.names}
    assert named == {f"cart-{name}" for name in ("test", "production", "promote", "rollback", "resume")}
    assert "build_name" not in templates.deploy("e", cluster="cart", tool="delivery").wrappers.names
    (tmp_path / "jobs.py").write_text(
        "from jobdsl.templates import deploy\n\n"
        'deploy("d", cluster="cart", tool="delivery", build_names=True)\n'
    )
    (tmp_path / "jobdsl.toml").write_text('[seed]\nname = "main"\n[controller]\nplugins = "plugins.json"\n')
    (tmp_path / "plugins.json").write_text('["timestamper", "build-timeout", "copyartifact"]')
    found = [problem for problem in problems(tmp_path) if str(problem.where) == "jobs.py:3"]
    for plugin in ("build-name-setter", "build-user-vars-plugin"):
        assert any(plugin in f"{problem.message} {problem.hint}" for problem in found), plugin
