"""Sources in short and in full, and as old plugins and other tools write them."""

from __future__ import annotations

from typing import Any

import pytest

from jobdsl import freestyle, scm
from jobdsl.documents.tree import parse
from jobdsl.elements import reading
from jobdsl.errors import DslError

URL = "https://git.example.com/app.git"


def read(xml: str) -> Any:
    return reading.read_element(parse(xml))


def git_xml(*parts: str) -> str:
    remote = f"<hudson.plugins.git.UserRemoteConfig><url>{URL}</url></hudson.plugins.git.UserRemoteConfig>"
    branch = "<hudson.plugins.git.BranchSpec><name>*/master</name></hudson.plugins.git.BranchSpec>"
    head = f"<configVersion>2</configVersion><userRemoteConfigs>{remote}</userRemoteConfigs>"
    body = head + f"<branches>{branch}</branches>" + "".join(parts)
    return f"<hudson.plugins.git.GitSCM>{body}</hudson.plugins.git.GitSCM>"


SUBMODULES = "<disableSubmodules>false</disableSubmodules><recursiveSubmodules>false</recursiveSubmodules>"
GENERATE = "<doGenerateSubmoduleConfigurations>false</doGenerateSubmoduleConfigurations>"
LIST = '<submoduleCfg class="list"/>'
JJB = "<remotePoll>false</remotePoll><gitTool>Default</gitTool>" + LIST
JJB += "<reference/><gitConfigName/><gitConfigEmail/><extensions/>"


def test_one_remote_and_one_branch_are_short() -> None:
    short = scm.git(URL, branch="release", credentials="git", name="origin", refspec="+refs/*:refs/*")
    remote = scm.remote(URL, credentials="git", name="origin", refspec="+refs/*:refs/*")
    assert short == scm.git(remotes=[remote], branches=["release"])
    assert list(short.arguments()) == ["url", "branch", "credentials", "name", "refspec"]
    assert scm.git(URL).arguments() == {"url": URL}
    assert scm.git(URL) == scm.git(URL, branch="main")


def test_several_remotes_and_branches_are_lists() -> None:
    both = scm.git(remotes=[URL, scm.remote("https://git.example.com/fork.git")], branches=["a", "b"])
    assert set(both.arguments()) == {"remotes", "branches"}
    assert [one.name for one in both.branches] == ["a", "b"]


def test_a_copy_changes_what_the_short_form_says() -> None:
    base = scm.git(URL, credentials="git")
    assert base.but(branch="next") == scm.git(URL, branch="next", credentials="git")
    assert base.but(url="https://x", credentials=None) == scm.git("https://x")
    assert base.but(extensions=[scm.wipe_workspace()]).remotes == base.remotes
    modules = scm.svn("https://svn.example.com/trunk").but(credentials="svn")
    assert modules == scm.svn("https://svn.example.com/trunk", credentials="svn")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: scm.git(), "scm.remote: url"),
        (lambda: scm.git(URL, remotes=[URL]), "url= and remotes= set the same"),
        (lambda: scm.git(URL, branch="a", branches=["b"]), "branch= and branches= set the same"),
        (lambda: scm.svn(URL, modules=[URL]), "url= and modules= set the same"),
        (lambda: scm.git(URL, extensions=[scm.gerrit_chooser()]), "takes a git extension"),  # type: ignore[list-item]
        (lambda: scm.git(URL, submodule_list="set"), "takes 'empty-list' or 'list'"),
        (lambda: scm.git(URL, credentialsId="git"), 'did you mean "credentials"?'),  # type: ignore[call-arg]
        (lambda: scm.hg(URL, revision_type="BRANSH"), 'did you mean "BRANCH"?'),
        (lambda: freestyle("x", scm=scm.wipe_workspace()), "takes a source repository"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_call_says_what_and_the_way_out(wrong: Any, said: str) -> None:
    with pytest.raises(DslError) as caught:
        wrong()
    assert said in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("xml", "arguments", "layout"),
    [
        (git_xml(GENERATE, '<submoduleCfg class="empty-list"/><extensions/>'), {}, None),
        (git_xml(GENERATE, LIST, "<extensions/>"), {"submodule_list": "list"}, None),
        (git_xml(GENERATE, "<extensions/>"), {}, "-submoduleCfg"),
        (git_xml(GENERATE, JJB), {"submodule_list": "list", "tool": "Default"}, "jjb"),
        (git_xml(SUBMODULES, GENERATE, JJB), {"submodule_list": "list", "tool": "Default"}, "jjb-old"),
        (git_xml(GENERATE), {}, "-submoduleCfg -extensions"),
    ],
    ids=["modern", "list", "absent", "jjb", "jjb-old", "bare"],
)
def test_git_is_typed_in_every_form(xml: str, arguments: dict[str, Any], layout: str | None) -> None:
    found = read(xml)
    assert isinstance(found, scm.git)
    assert (found.layout, found.extra) == (layout, None)
    assert found.arguments() == {"url": URL, "branch": "*/master", **arguments}
    assert parse(found.write("")) == parse(xml)


def test_what_git_has_no_word_for_is_kept() -> None:
    xml = git_xml(GENERATE, LIST, "<extensions/>", "<scmName>app</scmName>")
    found = read(xml)
    assert isinstance(found, scm.git)
    assert found.extra == {"scmName": "app"}
    assert parse(found.write("")) == parse(xml)


def test_extensions_without_newer_fields_are_typed() -> None:
    bare = read("<hudson.plugins.git.extensions.impl.CleanCheckout/>")
    assert (type(bare), bare.layout) == (scm.clean_checkout, "-deleteUntrackedNestedRepositories")
    assert bare.but(nested=True).write("").count("true") == 1
    old = read(
        "<hudson.plugins.git.extensions.impl.CloneOption><shallow>true</shallow><depth>1</depth>"
        "<timeout>20</timeout></hudson.plugins.git.extensions.impl.CloneOption>"
    )
    assert (old.shallow, old.depth, old.timeout, old.layout) == (True, 1, 20, "jjb")


def test_plain_paths_of_a_sparse_checkout_are_texts() -> None:
    sparse = scm.sparse_checkout(["docs", "src"])
    assert sparse.arguments() == {"paths": ("docs", "src")}
    odd = scm.sparse_checkout([scm.sparse_path("docs", extra={"x": "1"})])
    assert odd.arguments() == {"paths": odd.paths}


def test_merge_options_are_flat() -> None:
    xml = (
        "<hudson.plugins.git.extensions.impl.PreBuildMerge><options><mergeTarget>main</mergeTarget></options>"
        "</hudson.plugins.git.extensions.impl.PreBuildMerge>"
    )
    found = read(xml)
    assert found.arguments() == {
        "branch": "main",
        "remote": None,
        "strategy": None,
        "fast_forward": None,
    }
    assert parse(found.write("")) == parse(xml)


def test_a_subversion_document_of_an_old_plugin_is_typed() -> None:
    xml = (
        "<hudson.scm.SubversionSCM><locations><hudson.scm.SubversionSCM_-ModuleLocation>"
        "<remote>https://svn.example.com/trunk</remote><local>.</local>"
        "</hudson.scm.SubversionSCM_-ModuleLocation></locations><excludedRegions/><includedRegions/>"
        "<excludedUsers/><excludedRevprop/><excludedCommitMessages/>"
        '<workspaceUpdater class="hudson.scm.subversion.CheckoutUpdater"/></hudson.scm.SubversionSCM>'
    )
    found = read(xml)
    assert isinstance(found, scm.svn)
    assert found.layout == "-ignoreDirPropChanges -filterChangelog -quietOperation"
    assert found.updater == scm.svn_checkout()
    assert parse(found.write("")) == parse(xml)
