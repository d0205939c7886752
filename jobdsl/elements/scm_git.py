"""Git: the repository, its remotes, branches, and all usual options."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.documents.tree import Node
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, number, sugar, text
from jobdsl.elements.holders import twice
from jobdsl.elements.kinds import Field, Unfit
from jobdsl.elements.scm_git_browsers import GitBrowser
from jobdsl.elements.scm_git_extensions import GitExtension, default_chooser
from jobdsl.elements.slots import Misc, Scm
from jobdsl.errors import DslError

__all__ = ["branch_spec", "git", "remote"]


class remote(Misc, xml="hudson.plugins.git.UserRemoteConfig", plugin="git"):
    """One remote of a git repository; `name` and `refspec` only where git's own are not meant."""

    name: str | None = text(default=None)
    refspec: str | None = text(default=None)
    url: str = text(first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)


class branch_spec(Misc, xml="hudson.plugins.git.BranchSpec", plugin="git"):
    """A branch to build: `main`, `*/release-*`, `refs/tags/*`, `:regular expression`, or `${PARAMETER}`."""

    name: str = text(first=True)


class _ListClass(Field):
    """An empty list that is no longer used; old versions stored it as another class of list."""

    kind = "raw"

    def check(self, value: Any) -> Any:
        if value in ("empty-list", "list", None):
            return value
        raise DslError(f"takes 'empty-list' or 'list', not {value!r}")

    def write(self, value: Any, indent: str, attrs: Any = None) -> str:  # noqa: ARG002
        return "" if value is None else f'{indent}<{self.tag} class="{value}"/>'

    def read(self, node: Node) -> Any:
        if node.children or node.text or set(node.attrs) != {"class"}:
            raise Unfit
        return node.attrs["class"]


_JJB = (
    "configVersion userRemoteConfigs branches {old}doGenerateSubmoduleConfigurations remotePoll gitTool "
    "submoduleCfg reference gitConfigName gitConfigEmail extensions browser"
)
_JJB_EXTRA = {"remotePoll": "false", "reference": None, "gitConfigName": None, "gitConfigEmail": None}
_SUBMODULES = "disableSubmodules recursiveSubmodules "
_OLD = (
    "configVersion userRemoteConfigs branches disableSubmodules recursiveSubmodules "
    "doGenerateSubmoduleConfigurations authorOrCommitter clean wipeOutWorkspace pruneBranches remotePoll "
    "ignoreNotifyCommit useShallowClone buildChooser gitTool browser submoduleCfg relativeTargetDir "
    "reference excludedRegions excludedUsers gitConfigName gitConfigEmail skipTag includedRegions scmName "
    "extensions?"
)
_OLD_FLAGS = (
    "disableSubmodules recursiveSubmodules authorOrCommitter clean wipeOutWorkspace pruneBranches remotePoll "
    "ignoreNotifyCommit useShallowClone skipTag"
)
_OLD_TEXTS = (
    "relativeTargetDir reference excludedRegions excludedUsers gitConfigName gitConfigEmail "
    "includedRegions scmName"
)
_OLD_EXTRA = {
    **dict.fromkeys(_OLD_FLAGS.split(), "false"),
    **dict.fromkeys(_OLD_TEXTS.split()),
    "buildChooser": default_chooser(),
}


class git(Scm, xml="hudson.plugins.git.GitSCM", plugin="git"):
    """Sources from a git repository: `git("https://git.example.com/app.git", branch="main")`.

    `url`, `branch`, `credentials` (a Jenkins credentials id), `name` and `refspec` describe one remote;
    several go into `remotes=[scm.remote(...), ...]` and `branches=[...]`. `extensions` change how it is
    checked out: `scm.wipe_workspace()`, `scm.clone(shallow=True)`, `scm.submodules(recursive=True)` ...
    """

    forms = {
        "jjb": Form(_JJB.format(old=""), _JJB_EXTRA),
        "jjb-old": Form(
            _JJB.format(old=_SUBMODULES), {**dict.fromkeys(_SUBMODULES.split(), "false"), **_JJB_EXTRA}
        ),
        "old": Form(_OLD, _OLD_EXTRA),
    }

    url: str | None = sugar(first=True)
    branch: str | None = sugar()
    credentials: str | None = sugar()
    name: str | None = sugar()
    refspec: str | None = sugar()
    config_version: int | str = number(default=2)
    remotes: Any = children("userRemoteConfigs", accepts=remote, convert=remote, default=None)
    branches: Any = children(accepts=branch_spec, convert=branch_spec, default=None)
    generate_submodule_configurations: bool = flag("doGenerateSubmoduleConfigurations", default=False)
    browser: Any = child(accepts=GitBrowser, default=None)
    tool: str | None = text("gitTool", default=None)
    submodule_list: Any = _ListClass("submoduleCfg", default="empty-list")
    extensions: Any = children(accepts=GitExtension)

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return one remote and one branch from their short form."""
        short = {key: arguments[key] for key in _OF_REMOTE if arguments[key] is not None}
        if arguments["remotes"] is None:
            arguments["remotes"] = (remote(**{"url": None, **short}),)
        elif short:
            context.complain(twice("scm.git", "remotes", short))
        if arguments["branches"] is None:
            arguments["branches"] = (
                branch_spec(name="main" if arguments["branch"] is None else arguments["branch"]),
            )
        elif arguments["branch"] is not None:
            context.complain(twice("scm.git", "branches", ["branch"]))
        return arguments

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed, those of its remotes among them."""
        short = {key: changes.pop(key) for key in _OF_REMOTE if key in changes}
        if short:
            changes["remotes"] = tuple(remote_part.but(**short) for remote_part in self.remotes)
        if "branch" in changes:
            changes["branches"] = (branch_spec(name=changes.pop("branch")),)
        return super().but(**changes)

    def arguments(self) -> dict[str, Any]:
        """Return the short form where one remote and one branch are all there is."""
        rest = super().arguments()
        short: dict[str, Any] = {}
        if _plain_one(self.remotes):
            short |= {
                key: value for key in _OF_REMOTE if (value := getattr(self.remotes[0], key)) is not None
            }
            del rest["remotes"]
        if _plain_one(self.branches):
            if self.branches[0].name != "main":
                short["branch"] = self.branches[0].name
            del rest["branches"]
        order = ("url", "branch", "credentials", "name", "refspec")
        return {key: short[key] for key in order if key in short} | rest


_OF_REMOTE = ("url", "credentials", "name", "refspec")


def _plain_one(members: Any) -> bool:
    if not members or len(members) != 1 or not isinstance(members[0], Misc):
        return False
    member: Any = members[0]
    return member.layout is None and member.extra is None
