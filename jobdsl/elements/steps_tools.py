"""Steps that run a build tool: Ant, Maven, Gradle, CMake, MSBuild and their kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, secret_text, text
from jobdsl.elements.misc import default_maven_global_settings, default_maven_settings
from jobdsl.elements.misc_trigger import properties_text
from jobdsl.elements.slots import Misc, Step

__all__ = [
    "ant",
    "artifactory_maven",
    "cmake",
    "cmake_tool",
    "doxygen",
    "gradle",
    "grails",
    "maven",
    "maven_global_settings",
    "maven_global_settings_file",
    "maven_settings",
    "maven_settings_file",
    "msbuild",
    "nant",
    "phing",
    "provisioning_profile",
    "rake",
    "sbt",
    "tool_step",
    "unity3d",
    "xcode",
]


def _properties(properties: Any) -> Any:
    """Properties as text; a dict becomes one `name=value` a line."""
    return properties_text(properties) if isinstance(properties, Mapping) else properties


class _WithProperties(Step):
    """What takes properties as a dict too."""

    also = {"properties": "Mapping[str, object]"}

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Properties as text."""
        arguments["properties"] = _properties(arguments["properties"])
        return arguments


class ant(_WithProperties, xml="hudson.tasks.Ant", plugin="ant"):
    """Run Ant targets: `ant("clean dist")`."""

    targets: str = text(default="", first=True)
    installation: str | None = text("antName", default=None)
    opts: str | None = text("antOpts", default=None)
    build_file: str | None = text(default=None)
    properties: str | None = text(default=None)

    forms = {"jjb": Form("targets buildFile antName antOpts properties")}


class maven_settings(
    Misc, xml="org.jenkinsci.plugins.configfiles.maven.job.MvnSettingsProvider", plugin="config-file-provider"
):
    """Maven settings the controller keeps, by their id."""

    id: str = text("settingsConfigId", first=True)


class maven_global_settings(
    Misc,
    xml="org.jenkinsci.plugins.configfiles.maven.job.MvnGlobalSettingsProvider",
    plugin="config-file-provider",
):
    """Global Maven settings the controller keeps, by their id."""

    id: str = text("settingsConfigId", first=True)


class maven_settings_file(Misc, xml="jenkins.mvn.FilePathSettingsProvider"):
    """Maven settings of the workspace."""

    path: str = text(first=True)


class maven_global_settings_file(Misc, xml="jenkins.mvn.FilePathGlobalSettingsProvider"):
    """Global Maven settings of the workspace."""

    path: str = text(first=True)


class maven(_WithProperties, xml="hudson.tasks.Maven"):
    """Run Maven goals: `maven("clean verify", installation="maven-3.9")`.

    `settings` and `global_settings` take the id of settings the controller keeps.
    """

    targets: str = text(first=True)
    installation: str | None = text("mavenName", default=None)
    jvm_options: str | None = text(default=None)
    pom: str | None = text(default=None)
    properties: str | None = text(default=None)
    private_repository: bool = flag("usePrivateRepository", default=False)
    settings: Any = child(accepts=Misc, default=default_maven_settings(), convert=maven_settings)
    global_settings: Any = child(
        accepts=Misc, default=default_maven_global_settings(), convert=maven_global_settings
    )
    inject_variables: bool = flag("injectBuildVariables", default=False)

    forms = {
        "jjb": Form(
            "targets properties mavenName pom usePrivateRepository jvmOptions settings globalSettings",
            {"properties": None},
        ),
        "jjb-no-properties": Form(
            "targets properties? mavenName pom usePrivateRepository jvmOptions settings globalSettings"
        ),
        "jjb-modules": Form(
            "targets mavenName jvmOptions pom properties? usePrivateRepository settings globalSettings"
        ),
    }


class artifactory_maven(Step, xml="org.jfrog.hudson.maven3.Maven3Builder", plugin="artifactory"):
    """Run Maven goals so that Artifactory sees what they build."""

    installation: str = text("mavenName")
    root_pom: str = text(default="")
    goals: str = text(first=True)
    maven_opts: str = text(default="")

    forms = {"jjb": Form("mavenName goals rootPom mavenOpts")}


class gradle(Step, xml="hudson.plugins.gradle.Gradle", plugin="gradle"):
    """Run Gradle tasks: `gradle("build", wrapper=True)`."""

    switches: str = text(default="")
    tasks: str = text(default="", first=True)
    root_build_script_dir: str = text(default="")
    build_file: str = text(default="")
    installation: str = text("gradleName", default="(Default)")
    wrapper: bool = flag("useWrapper", default=False)
    make_executable: bool = flag(default=False)
    workspace_as_home: bool = flag("useWorkspaceAsHome", default=False)
    wrapper_location: str = text(default="")
    system_properties: str | None = text(default=None)
    pass_all_as_system_properties: bool = flag(default=False)
    project_properties: str = text(default="")
    pass_all_as_project_properties: bool = flag(default=False)

    forms = {
        "jjb": Form(
            "description buildFile tasks rootBuildScriptDir gradleName useWrapper makeExecutable "
            "fromRootBuildScriptDir passAllAsSystemProperties passAllAsProjectProperties useWorkspaceAsHome? "
            "switches",
            {"description": None, "fromRootBuildScriptDir": "false"},
        ),
        "old": Form(
            "description switches tasks rootBuildScriptDir buildFile gradleName useWrapper "
            "makeExecutable fromRootBuildScriptDir useWorkspaceAsHome passAllAsProperties",
            {"description": None, "passAllAsProperties": "false"},
        ),
    }


class tool_step(Misc, xml="hudson.plugins.cmake.BuildToolStep", plugin="cmakebuilder"):
    """One run of the build tool that CMake made files for."""

    args: str | None = text(default=None, first=True)
    vars: str | None = text(default=None)
    with_cmake: bool = flag(default=False)


class cmake(Step, xml="hudson.plugins.cmake.CmakeBuilder", plugin="cmakebuilder"):
    """Generate build files with CMake and run the build tool."""

    installation: str = text("installationName", default="InSearchPath")
    working_dir: str | None = text(default=None)
    tool_args: str | None = text(default=None)
    generator: str | None = text(default=None)
    source_dir: str | None = text(default=None, first=True)
    build_type: str | None = text(default=None)
    preload_script: str | None = text(default=None)
    clean: bool = flag("cleanBuild", default=False)
    steps: Any = children("toolSteps", accepts=tool_step, convert=tool_step, default=None)


class cmake_tool(Step, xml="hudson.plugins.cmake.CToolBuilder", plugin="cmakebuilder"):
    """Run cmake, cpack or ctest with arguments."""

    installation: str = text("installationName", default="InSearchPath")
    working_dir: str | None = text(default=None)
    args: str | None = text("toolArgs", default=None)
    tool: str = text("toolId", default="cmake", choices=("cmake", "cpack", "ctest"), first=True)
    ignored_exit_codes: str | None = text(default=None)


class msbuild(Step, xml="hudson.plugins.msbuild.MsBuildBuilder", plugin="msbuild"):
    """Build a solution or project with MSBuild."""

    installation: str = text("msBuildName", default="(Default)")
    file: str = text("msBuildFile", first=True)
    args: str = text("cmdLineArgs", default="")
    variables_as_properties: bool = flag("buildVariablesAsProperties", default=False)
    continue_on_failure: bool = flag("continueOnBuildFailure", default=False)
    unstable_if_warnings: bool = flag(default=False)
    no_chcp: bool = flag("doNotUseChcpCommand", default=False)


class nant(_WithProperties, xml="hudson.plugins.nant.NantBuilder", plugin="nant"):
    """Run NAnt targets."""

    build_file: str = text("nantBuildFile", default="")
    installation: str = text("nantName", default="(Default)")
    targets: str = text(default="", first=True)
    properties: str = text(default="")


class sbt(Step, xml="org.jvnet.hudson.plugins.SbtPluginBuilder", plugin="sbt"):
    """Run sbt actions: `sbt("clean test")`."""

    installation: str = text("name", default="")
    jvm_flags: str = text(default="")
    sbt_flags: str = text(default="-Dsbt.log.noformat=true")
    actions: str = text(default="", first=True)
    subdir: str = text("subdirPath", default="")


class grails(_WithProperties, xml="com.g2one.hudson.grails.GrailsBuilder", plugin="grails"):
    """Run Grails targets."""

    targets: str = text(first=True)
    installation: str = text("name", default="(Default)")
    grails_work_dir: str = text(default="")
    project_work_dir: str = text(default="")
    project_base_dir: str = text(default="")
    server_port: str = text(default="")
    properties: str = text(default="")
    force_upgrade: bool = flag(default=False)
    non_interactive: bool = flag(default=False)
    wrapper: bool | None = flag("useWrapper", default=None)
    plain_output: bool | None = flag(default=None)
    stack_trace: bool | None = flag(default=None)
    verbose: bool | None = flag(default=None)
    refresh_dependencies: bool | None = flag(default=None)


class phing(_WithProperties, xml="hudson.plugins.phing.PhingBuilder", plugin="phing"):
    """Run Phing targets."""

    build_file: str | None = text(default=None)
    installation: str | None = text("name", default=None)
    targets: str | None = text(default=None, first=True)
    properties: str | None = text(default=None)
    module_root: bool = flag("useModuleRoot", default=True)
    options: str | None = text(default=None)


class rake(Step, xml="hudson.plugins.rake.Rake", plugin="rake"):
    """Run Rake tasks."""

    installation: str = text("rakeInstallation", default="")
    file: str = text("rakeFile", default="")
    tasks: str = text(default="", first=True)
    lib_dir: str = text("rakeLibDir", default="")
    working_dir: str = text("rakeWorkingDir", default="")
    silent: bool = flag(default=False)
    bundle_exec: bool = flag(default=False)


class doxygen(Step, xml="hudson.plugins.doxygen.DoxygenBuilder", plugin="doxygen"):
    """Make documentation with Doxygen."""

    doxyfile: str = text("doxyfilePath", first=True)
    installation: str = text("installationName", default="(Default)")
    continue_on_failure: bool = flag("continueOnBuildFailure", default=False)
    unstable_if_warnings: bool = flag(default=False)


class unity3d(Step, xml="org.jenkinsci.plugins.unity3d.Unity3dBuilder", plugin="unity3d-plugin"):
    """Run the Unity3d editor with arguments."""

    installation: str = text("unity3dName")
    args: str = text("argLine", default="", first=True)
    unstable_return_codes: str = text(default="")


class provisioning_profile(Misc, xml="au.com.rayh.ProvisioningProfile", plugin="xcode-plugin"):
    """A provisioning profile for an application id."""

    app_id: str = text("provisioningProfileAppId", first=True)
    uuid: str = text("provisioningProfileUUID", first=True)


class xcode(Step, xml="au.com.rayh.XCodeBuilder", plugin="xcode-plugin"):
    """Build an Xcode project."""

    clean: bool = flag("cleanBeforeBuild", default=False)
    clean_test_reports: bool = flag(default=False)
    configuration: str = text(default="Release")
    target: str = text(default="", first=True)
    sdk: str = text(default="")
    sym_root: str = text(default="")
    build_dir: str | None = text("configurationBuildDir", default=None)
    project_path: str = text("xcodeProjectPath", default="")
    project_file: str = text("xcodeProjectFile", default="")
    args: str = text("xcodebuildArguments", default="")
    scheme: str = text("xcodeSchema", default="")
    workspace: str = text("xcodeWorkspaceFile", default="")
    profile: str | None = text("embeddedProfileFile", default=None)
    version: str = text("cfBundleVersionValue", default="")
    short_version: str = text("cfBundleShortVersionStringValue", default="")
    build_ipa: bool = flag(default=False)
    archive: bool = flag("generateArchive", default=False)
    unlock_keychain: bool = flag(default=False)
    keychain: str = text("keychainName", default="")
    keychain_path: str = text(default="")
    keychain_password: str = secret_text("keychainPwd", default="")
    signing_identity: str | None = text("codeSigningIdentity", default=None)
    allow_failing_results: bool = flag("allowFailingBuildResults", default=False)
    ipa_name: str = text(default="")
    ipa_dir: str = text("ipaOutputDirectory", default="")
    provide_version: bool = flag("provideApplicationVersion", default=False)
    change_bundle_id: bool = flag("changeBundleID", default=False)
    bundle_id: str = text("bundleID", default="")
    bundle_id_plist: str = text("bundleIDInfoPlistPath", default="")
    regex_target: bool = flag("interpretTargetAsRegEx", default=False)
    ipa_manifest_url: str = text("ipaManifestPlistUrl", default="")
