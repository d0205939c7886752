"""Steps that run after the build whatever came of it (postbuildscript plugin)."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, strings, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.slots import Misc, Publisher, Step

__all__ = [
    "after_groovy",
    "after_script",
    "after_step",
    "old_groovy",
    "old_groovy_file",
    "old_script",
    "post_build_config",
    "post_build_script",
]

_PLUGIN = "postbuildscript"
_P = "org.jenkinsci.plugins.postbuildscript."
_ROLES = ("BOTH", "MASTER", "SLAVE")
_ALL = ("SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED")


class _After(Misc):
    """For which results, and where: on the agent (SLAVE), the controller (MASTER) or both."""

    results: tuple[str, ...] = strings(default=_ALL)
    role: str = text(default="BOTH", choices=_ROLES)
    matrix: str | None = text("executeOn", default=None, choices=("BOTH", "MATRIX", "AXES"))


class after_step(_After, xml=_P + "model.PostBuildStep", plugin=_PLUGIN):
    """Steps to run after a build with one of these results."""

    forms = {"jjb": Form("results role buildSteps")}

    steps: Any = children("buildSteps", accepts=Step, first=True)
    stop_on_failure: bool = flag(default=False)


class after_script(_After, xml=_P + "model.ScriptFile", plugin=_PLUGIN):
    """A script file to run after a build with one of these results."""

    file: str = text("filePath", first=True)
    kind: str = text("scriptType", default="GENERIC", choices=("GENERIC", "GROOVY"))
    sandboxed: bool | None = flag(default=None)


class after_groovy(_After, xml=_P + "model.Script", plugin=_PLUGIN):
    """A Groovy script to run after a build with one of these results."""

    content: str = text(first=True)
    sandboxed: bool | None = flag(default=None)


class post_build_config(Misc, xml=_P + "model.Configuration", plugin=_PLUGIN):
    """Everything that runs after a build."""

    forms = {"jjb": Form("markBuildUnstable scriptFiles groovyScripts buildSteps")}

    files: Any = children("scriptFiles", accepts=after_script, convert=after_script)
    groovy: Any = children("groovyScripts", accepts=after_groovy, convert=after_groovy)
    steps: Any = children("buildSteps", accepts=after_step)
    mark_unstable: bool = flag("markBuildUnstable", default=False)


class _OldFile(Misc):
    file: str = text("filePath", first=True)


class old_script(_OldFile, xml=_P + "GenericScript", plugin=_PLUGIN):
    """A script file, as versions before 2 of the plugin have it."""


class old_groovy_file(_OldFile, xml=_P + "GroovyScriptFile", plugin=_PLUGIN):
    """A Groovy file, as versions before 2 of the plugin have it."""


class old_groovy(Misc, xml=_P + "GroovyScriptContent", plugin=_PLUGIN):
    """A Groovy script, as versions before 2 of the plugin have it."""

    content: str = text(first=True)


class post_build_script(Holder, Publisher, xml=_P + "PostBuildScript", plugin=_PLUGIN):
    """Run steps after the build, also when it failed: `post_build_script([steps.shell("./report.sh")])`.

    `results`: after which results, `role`: where. Several sets of steps go in as
    `[publish.after_step([...], results=["FAILURE"]), ...]`. What starts with `old_` is for versions
    before 2 of the plugin.
    """

    holds = "config"
    held = post_build_config

    config: Any = child(accepts=post_build_config, plain=True, default=None)
    old_scripts: Any = children("genericScriptFileList", accepts=old_script, default=None)
    old_groovy_files: Any = children("groovyScriptFileList", accepts=old_groovy_file, default=None)
    old_groovy: Any = children("groovyScriptContentList", accepts=old_groovy, default=None)
    old_steps: Any = children("buildSteps", accepts=Step, default=None)
    old_if_success: bool | None = flag("scriptOnlyIfSuccess", default=None)
    old_if_failure: bool | None = flag("scriptOnlyIfFailure", default=None)
    old_mark_unstable: bool | None = flag("markBuildUnstable", default=None)
    old_execute_on: str | None = text("executeOn", default=None)
    steps: Any = sugar(first=True)
    results: Any = sugar()
    role: str | None = sugar()
    files: Any = sugar()
    groovy: Any = sugar()
    mark_unstable: bool | None = sugar()

    also = {"steps": "_parts.Many[_slots.Step]", "results": "_parts.Texts"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Plain steps become one set of them."""
        about = {name: value for name in ("results", "role") if (value := arguments.pop(name)) is not None}
        steps = arguments["steps"]
        if about or (
            isinstance(steps, list | tuple) and not any(isinstance(step, after_step) for step in steps)
        ):
            arguments["steps"] = [after_step(steps=steps or (), **about)]
        return super()._expand({"results": None, "role": None, **arguments})

    def arguments(self) -> dict[str, Any]:
        """Return the steps themselves where there is one set of them."""
        own = super().arguments()
        sets = own.get("steps", ())
        if len(sets) != 1 or type(sets[0]) is not after_step or sets[0].layout or sets[0].extra:
            return own
        inner = sets[0].arguments()
        return {**own, **inner} if inner.keys() <= {"steps", "results", "role"} and inner["steps"] else own
