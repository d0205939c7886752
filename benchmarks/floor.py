"""The floor of rendering: the same documents built by hand with lxml, as fast as that goes.

python benchmarks/floor.py OUT [N]
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from lxml.etree import Element, SubElement, indent, tostring

PARAMETERS = "hudson.model.ParametersDefinitionProperty"
TIMEOUT = "hudson.plugins.build_timeout"
TIMEOUT_TAG = "hudson.plugins.build__timeout"


def document(name: str) -> bytes:
    """One job's document: the job of workload.py."""
    root = Element("project")
    SubElement(root, "description").text = f"Builds and tests {name}."
    SubElement(root, "keepDependencies").text = "false"
    properties = SubElement(root, "properties")
    discarder = SubElement(properties, "jenkins.model.BuildDiscarderProperty")
    strategy = SubElement(discarder, "strategy")
    strategy.set("class", "hudson.tasks.LogRotator")
    SubElement(strategy, "daysToKeep").text = "-1"
    SubElement(strategy, "numToKeep").text = "30"
    SubElement(strategy, "artifactDaysToKeep").text = "-1"
    SubElement(strategy, "artifactNumToKeep").text = "-1"
    SubElement(strategy, "removeLastBuild").text = "false"
    definitions = SubElement(SubElement(properties, PARAMETERS), "parameterDefinitions")
    for parameter, value in (("BRANCH", "main"), ("PROFILE", "default")):
        definition = SubElement(definitions, "hudson.model.StringParameterDefinition")
        SubElement(definition, "name").text = parameter
        SubElement(definition, "description").text = ""
        SubElement(definition, "defaultValue").text = value
        SubElement(definition, "trim").text = "false"
    scm = SubElement(root, "scm")
    scm.set("class", "hudson.plugins.git.GitSCM")
    SubElement(scm, "configVersion").text = "2"
    remote = SubElement(SubElement(scm, "userRemoteConfigs"), "hudson.plugins.git.UserRemoteConfig")
    SubElement(remote, "url").text = f"https://git.example.com/{name}.git"
    SubElement(remote, "credentialsId").text = "git-readonly"
    branch = SubElement(SubElement(scm, "branches"), "hudson.plugins.git.BranchSpec")
    SubElement(branch, "name").text = "${BRANCH}"
    SubElement(scm, "doGenerateSubmoduleConfigurations").text = "false"
    SubElement(scm, "submoduleCfg").set("class", "empty-list")
    SubElement(scm, "extensions")
    SubElement(root, "assignedNode").text = "linux && docker"
    SubElement(root, "canRoam").text = "false"
    SubElement(root, "disabled").text = "false"
    SubElement(root, "blockBuildWhenDownstreamBuilding").text = "false"
    SubElement(root, "blockBuildWhenUpstreamBuilding").text = "false"
    triggers = SubElement(root, "triggers")
    SubElement(SubElement(triggers, "hudson.triggers.TimerTrigger"), "spec").text = "H 2 * * *"
    poll = SubElement(triggers, "hudson.triggers.SCMTrigger")
    SubElement(poll, "spec").text = "H/15 * * * *"
    SubElement(poll, "ignorePostCommitHooks").text = "false"
    SubElement(root, "concurrentBuild").text = "false"
    builders = SubElement(root, "builders")
    for command in ("make clean", f"make build NAME={name}", "make test"):
        shell = SubElement(builders, "hudson.tasks.Shell")
        SubElement(shell, "command").text = command
        SubElement(shell, "configuredLocalRules")
    publishers = SubElement(root, "publishers")
    junit = SubElement(publishers, "hudson.tasks.junit.JUnitResultArchiver")
    SubElement(junit, "testResults").text = "reports/*.xml"
    SubElement(junit, "keepProperties").text = "false"
    SubElement(junit, "keepTestNames").text = "false"
    SubElement(junit, "healthScaleFactor").text = "1.0"
    SubElement(junit, "allowEmptyResults").text = "false"
    SubElement(junit, "skipPublishingChecks").text = "false"
    SubElement(junit, "skipMarkingBuildUnstable").text = "false"
    SubElement(junit, "skipOldReports").text = "false"
    archive = SubElement(publishers, "hudson.tasks.ArtifactArchiver")
    SubElement(archive, "artifacts").text = "dist/**"
    SubElement(archive, "allowEmptyArchive").text = "false"
    SubElement(archive, "onlyIfSuccessful").text = "false"
    SubElement(archive, "fingerprint").text = "false"
    SubElement(archive, "defaultExcludes").text = "true"
    SubElement(archive, "caseSensitive").text = "true"
    SubElement(archive, "followSymlinks").text = "true"
    mail = SubElement(publishers, "hudson.tasks.Mailer")
    SubElement(mail, "recipients").text = "team@x.org"
    SubElement(mail, "dontNotifyEveryUnstableBuild").text = "false"
    SubElement(mail, "sendToIndividuals").text = "false"
    wrappers = SubElement(root, "buildWrappers")
    SubElement(wrappers, "hudson.plugins.timestamper.TimestamperBuildWrapper")
    timeout = SubElement(wrappers, f"{TIMEOUT_TAG}.BuildTimeoutWrapper")
    strategy = SubElement(timeout, "strategy")
    strategy.set("class", f"{TIMEOUT}.impl.AbsoluteTimeOutStrategy")
    SubElement(strategy, "timeoutMinutes").text = "30"
    SubElement(SubElement(timeout, "operationList"), f"{TIMEOUT_TAG}.operations.AbortOperation")
    indent(root)
    return tostring(root, xml_declaration=True, encoding="UTF-8")


def main(out: Path, count: int) -> None:
    """Write all documents, taking each one's digest as a seed must."""
    for number in range(count):
        name = f"service-{number:05}"
        data = document(name)
        sha256(data).hexdigest()
        (out / f"{name}.xml").write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
