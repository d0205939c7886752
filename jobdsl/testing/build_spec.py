"""What a freestyle build has to do, as plain values: checkout, environment, steps, what to keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from jobdsl.documents.tree import Node, class_name
from jobdsl.testing.copying import copied
from jobdsl.testing.downstream import files_of
from jobdsl.testing.kinds import CONFIGURATION
from jobdsl.testing.matrix import axis_values
from jobdsl.testing.triggers import git_urls

if TYPE_CHECKING:
    from jobdsl.testing.builds import Build
    from jobdsl.testing.credentials import Credentials
    from jobdsl.testing.state import ControllerState

__all__ = ["BuildSpec", "BuildStep", "environment_of", "work_of"]

_SHELL = "hudson.tasks.Shell"
_CLEAN = "hudson.plugins.git.extensions.impl.CleanBeforeCheckout"
_PRUNE_TAGS = "hudson.plugins.git.extensions.impl.PruneStaleTag"
_COPY = "hudson.plugins.copyartifact.CopyArtifact"
_BINDINGS = "org.jenkinsci.plugins.credentialsbinding.impl."


@dataclass(slots=True, kw_only=True)
class BuildStep:
    """One build step: a shell script, files to copy, or the name of a class that is not run here."""

    script: str = ""
    unstable_return: int = 0
    skipped: str = ""
    copies: bool = False
    files: dict[str, str] = field(default_factory=dict)
    """Contents as base64, by path in the workspace."""
    variables: dict[str, str] = field(default_factory=dict)
    """What later steps find in their environment."""
    log_text: str = ""
    problem: str = ""
    """Why this step fails."""


@dataclass(slots=True, kw_only=True)
class BuildSpec:
    """Everything an executor needs to know of a build; it travels to agents as JSON."""

    job: str
    number: int
    steps: list[BuildStep]
    environment: dict[str, str]
    secrets: list[str] = field(default_factory=list)
    """Texts that must not show in the log."""
    git_url: str = ""
    git_branch: str = ""
    git_clean: bool = False
    """Whether what earlier builds left in the workspace is removed before the checkout."""
    git_prune_tags: bool = False
    """Whether tags that the repository does not have are removed before the fetch."""
    archive: list[str] = field(default_factory=list)
    """Ant patterns of files to keep; a leading `?` when none need match."""
    reports: list[str] = field(default_factory=list)
    """The same for JUnit reports."""
    handed: list[str] = field(default_factory=list)
    """Files whose text is wanted when it is over: parameters for the builds it starts."""
    problem: str = ""
    """Why it cannot start."""

    def to_values(self) -> dict[str, Any]:
        """Return the same as JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> BuildSpec:
        """Return the work from JSON values."""
        return cls(**{**values, "steps": [BuildStep(**step) for step in values["steps"]]})


def work_of(jenkins: ControllerState, build: Build) -> BuildSpec:
    """Return what this build has to do, by the document of its job."""
    root = build.item.document.tree()
    work = BuildSpec(
        job=build.item.full_name,
        number=build.number,
        steps=[],
        environment=environment_of(jenkins, build),
        handed=files_of(root),
    )
    work.steps += _steps(jenkins, build, root, work.environment)
    urls = git_urls(root)
    if urls:
        work.git_url = urls[0]
        work.git_branch = _expanded(_branch(root), work.environment)
        work.git_clean = any(class_name(node.tag) == _CLEAN for node in root.walk())
        work.git_prune_tags = any(
            class_name(node.tag) == _PRUNE_TAGS and _text(node, "pruneTags") == "true" for node in root.walk()
        )
    _bind(work, root, jenkins.credentials)
    publishers = root.find("publishers")
    for node in publishers.children if publishers else ():
        _keep(work, node)
    return work


def _text(node: Node, tag: str, default: str = "") -> str:
    child = node.find(tag)
    return child.text if child else default


def _steps(
    jenkins: ControllerState, build: Build, root: Node, environment: dict[str, str]
) -> Iterator[BuildStep]:
    builders = root.find("builders")
    for node in builders.children if builders else ():
        java = class_name(node.tag)
        if java == _SHELL:
            code = _text(node, "unstableReturn", "0")
            yield BuildStep(script=_text(node, "command"), unstable_return=int(code) if code.isdigit() else 0)
        elif java == _COPY:
            done = copied(jenkins, build, node, lambda text: _expanded(text, environment))
            yield BuildStep(
                copies=True,
                files=done.files,
                variables=done.variables,
                log_text=done.log_text,
                problem=done.problem,
            )
        else:
            yield BuildStep(skipped=java)


def environment_of(jenkins: ControllerState, build: Build) -> dict[str, str]:
    """Return the variables every step of a build finds."""
    name = build.item.full_name
    environment = {
        parameter.name: str(parameter.value).lower()
        if parameter.value in (True, False)
        else str(parameter.value)
        for parameter in build.parameters
    }
    axes = axis_values(build.item) if build.item.kind is CONFIGURATION else {}
    return (
        environment
        | axes
        | {
            "BUILD_DISPLAY_NAME": f"#{build.number}",
            "BUILD_ID": str(build.number),
            "BUILD_NUMBER": str(build.number),
            "BUILD_TAG": f"jenkins-{name.replace('/', '-')}-{build.number}",
            "BUILD_URL": f"{jenkins.url}/{build.path}",
            "JENKINS_URL": f"{jenkins.url}/",
            "JOB_BASE_NAME": build.item.name,
            "JOB_NAME": name,
            "JOB_URL": f"{jenkins.url}/{build.item.path}",
            "NODE_NAME": build.node or "built-in",
        }
    )


def _branch(root: Node) -> str:
    spec = next((node for node in root.walk() if node.tag == "hudson.plugins.git.BranchSpec"), None)
    return _text(spec, "name", "master") if spec else "master"


def _expanded(text: str, environment: dict[str, str]) -> str:
    for name, value in environment.items():
        text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
    return text


def _bind(work: BuildSpec, root: Node, credentials: Credentials) -> None:
    """Put bound credentials into the environment, and note what to hide."""
    for node in root.walk():
        java = class_name(node.tag)
        if not java.startswith(_BINDINGS) or node.find("credentialsId") is None:
            continue
        identity = _text(node, "credentialsId")
        credential = credentials.by_id.get(identity)
        if credential is None:
            work.problem = f"ERROR: Could not find credentials entry with ID '{identity}'"
            return
        bound = _bound(java.removeprefix(_BINDINGS), node, credential.fields)
        work.environment |= bound
        work.secrets += [credential.fields.get(name, "") for name in ("secret", "password")]
    work.secrets = [secret for secret in work.secrets if secret]


def _bound(binding: str, node: Node, fields: dict[str, str]) -> dict[str, str]:
    username, password = fields.get("username", ""), fields.get("password", "")
    if binding == "UsernamePasswordMultiBinding":
        return {_text(node, "usernameVariable"): username, _text(node, "passwordVariable"): password}
    if binding == "UsernamePasswordBinding":
        return {_text(node, "variable"): f"{username}:{password}"}
    return {_text(node, "variable"): fields.get("secret", password)}


def _keep(work: BuildSpec, node: Node) -> None:
    java = class_name(node.tag)
    if java == "hudson.tasks.ArtifactArchiver":
        optional = "?" if _text(node, "allowEmptyArchive") == "true" else ""
        work.archive.append(optional + _text(node, "artifacts"))
    elif java == "hudson.tasks.junit.JUnitResultArchiver":
        optional = "?" if _text(node, "allowEmptyResults") == "true" else ""
        work.reports.append(optional + _text(node, "testResults"))
