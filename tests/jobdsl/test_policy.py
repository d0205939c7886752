"""Policy: what a team may define, told at the line that broke it."""

from __future__ import annotations

from dataclasses import replace

from jobdsl.checks.policy import check
from jobdsl.errors import Where
from jobdsl.model import Definition
from jobdsl.settings.config import PolicySettings, Settings, Team

PAYMENTS = Team(
    "payments",
    folders=("payments",),
    credentials=("pay-*",),
    labels=("linux", "pay*"),
    kinds=("freestyle", "folder"),
)
SETTINGS = Settings(teams=(PAYMENTS,))


def define(
    name: str, body: str = "", root: str = "project", file: str = "payments/jobs.py", line: int = 3
) -> Definition:
    roams = "<canRoam>true</canRoam>"  # any agent will do
    return Definition(name, root, f"<{root}>{roams}{body}</{root}>", Where(file, line))


def messages(*definitions: Definition, settings: Settings = SETTINGS) -> list[str]:
    return [str(one) for one in check(definitions, settings)]


def test_what_a_team_may_define_passes() -> None:
    body = "<assignedNode>linux &amp;&amp; pay-big</assignedNode><scm><credentialsId>pay-git</credentialsId></scm>"
    assert (
        messages(
            define("payments/api", body),
            define("payments", root="com.cloudbees.hudson.plugins.folder.Folder"),
        )
        == []
    )


def test_every_breach_is_told_with_its_line_and_what_is_allowed() -> None:
    body = "<assignedNode>gpu</assignedNode><scm><credentialsId>root-key</credentialsId></scm>"
    assert messages(define("web/api", body, root="flow-definition")) == [
        "payments/jobs.py:3: error: web/api: team payments may not define this name (its folders: payments)",
        "payments/jobs.py:3: error: web/api: team payments may not define a pipeline (its kinds: freestyle, folder)",
        "payments/jobs.py:3: error: web/api: team payments may not use the credentials 'root-key' (its credentials: pay-*)",
        "payments/jobs.py:3: error: web/api: team payments may not use the label 'gpu' (its labels: linux, pay*)",
    ]


def test_a_team_does_not_move_the_jobs_of_others() -> None:
    own = replace(define("payments/api"), renamed_from="payments/old")
    assert messages(own) == []
    assert messages(replace(own, renamed_from="web/api")) == [
        "payments/jobs.py:3: error: payments/api: team payments may not move 'web/api' here (its folders: payments)"
    ]


def test_views_are_allowed_by_their_word_or_all_together() -> None:
    board = define("payments/board", root="hudson.model.ListView")
    for kinds in [("list_view",), ("view",)]:
        assert messages(board, settings=Settings(teams=(replace(PAYMENTS, kinds=kinds),))) == []
    assert messages(board) == [
        "payments/jobs.py:3: error: payments/board: team payments may not define a list_view"
        " (its kinds: freestyle, folder)"
    ]
    old = define("payments/board", root="listView")
    assert messages(old, settings=Settings(teams=(replace(PAYMENTS, kinds=("list_view",)),))) == []
    other = define("payments/board", root="com.example.OwnView")
    assert messages(other, settings=Settings(teams=(replace(PAYMENTS, kinds=("list_view",)),))) != []


def test_credentials_in_raw_elements_and_ssh_agents_count_too() -> None:
    body = "<x><my.Thing><tokenCredentialId>stolen</tokenCredentialId></my.Thing></x>"
    ssh = (
        "<buildWrappers><com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper><credentialIds><string>stolen</string>"
        "</credentialIds></com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper></buildWrappers>"
    )
    assert len(messages(define("payments/a", body))) == 1
    assert len(messages(define("payments/a", ssh))) == 1


def test_files_of_no_team() -> None:
    other = define("anything", file="other/jobs.py")
    assert messages(other) == []
    denied = replace(SETTINGS, policy=PolicySettings("deny"))
    assert "belongs to no team" in messages(other, settings=denied)[0]


def test_a_file_of_two_teams_may_do_what_either_may() -> None:
    both = Settings(teams=(PAYMENTS, Team("platform", files=("payments/**",))))
    assert messages(define("web/api"), settings=both) == []


def test_an_expression_that_cannot_be_read_is_compared_as_it_stands() -> None:
    assert (
        "may not use the label 'linux &&'"
        in messages(define("payments/a", "<assignedNode>linux &amp;&amp;</assignedNode>"))[0]
    )
