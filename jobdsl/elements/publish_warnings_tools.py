"""The tools whose issues `publish.issues` records, by the names the plugin gives them in Pipelines."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import flag, number, raw, text
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError, suggestion

__all__ = [
    "tool_android_lint",
    "tool_ansible_lint",
    "tool_brakeman",
    "tool_cargo",
    "tool_checkstyle",
    "tool_clang",
    "tool_clang_analyzer",
    "tool_clang_tidy",
    "tool_cmake",
    "tool_codenarc",
    "tool_cpd",
    "tool_cppcheck",
    "tool_cpplint",
    "tool_detekt",
    "tool_docker_lint",
    "tool_doxygen",
    "tool_dupfinder",
    "tool_eclipse",
    "tool_error_prone",
    "tool_eslint",
    "tool_findbugs",
    "tool_flake8",
    "tool_fxcop",
    "tool_gcc",
    "tool_golint",
    "tool_govet",
    "tool_groovy",
    "tool_grype",
    "tool_hadolint",
    "tool_issues_xml",
    "tool_java",
    "tool_javadoc",
    "tool_jshint",
    "tool_junit",
    "tool_kotlin",
    "tool_ktlint",
    "tool_maven_console",
    "tool_msbuild",
    "tool_mypy",
    "tool_npm_audit",
    "tool_owasp_dependency_check",
    "tool_pep8",
    "tool_php",
    "tool_php_code_sniffer",
    "tool_phpstan",
    "tool_pmd",
    "tool_puppet_lint",
    "tool_pydocstyle",
    "tool_pylint",
    "tool_registered",
    "tool_resharper",
    "tool_rubocop",
    "tool_sarif",
    "tool_scala",
    "tool_sonarqube",
    "tool_sphinx",
    "tool_spotbugs",
    "tool_stylecop",
    "tool_stylelint",
    "tool_swiftlint",
    "tool_taskscanner",
    "tool_trivy",
    "tool_tslint",
    "tool_valgrind",
    "tool_xmllint",
    "tool_yamllint",
]

_PLUGIN = "warnings-ng"
_P = "io.jenkins.plugins.analysis.warnings."


class Tool(Misc):
    """A tool that finds issues."""

    slot = "a tool (publish.tool_checkstyle(), publish.tool_gcc(), ...)"
    id: str = text(default="")
    name: str = text(default="")
    icon: str | None = text(default=None)
    jenkins: Any = raw(default="")


class _Report(Tool):
    """A tool and the files it wrote; no pattern reads the log or the tool's usual files."""

    pattern: str = text(default="", first=True)
    encoding: str = text("reportEncoding", default="")
    skip_symlinks: bool = flag("skipSymbolicLinks", default=False)
    look_ahead: int | str | None = number("linesLookAhead", default=None, least=0)


def tool_named(word: Any) -> Any:
    """From a tool's name to the tool: `"checkstyle"` is `tool_checkstyle()`."""
    tool = globals().get(f"tool_{word}")
    if isinstance(tool, type) and issubclass(tool, Tool):
        return tool()
    known = [name.removeprefix("tool_") for name in __all__]
    raise DslError(f"does not know the tool {word!r}", hint=suggestion(str(word), known) or ", ".join(known))


class tool_java(_Report, xml=_P + "Java", plugin=_PLUGIN):
    """Issues of the Java compiler."""


class tool_javadoc(_Report, xml=_P + "JavaDoc", plugin=_PLUGIN):
    """Issues of Javadoc."""


class tool_maven_console(_Report, xml=_P + "MavenConsole", plugin=_PLUGIN):
    """Issues of Maven's log."""


class tool_checkstyle(_Report, xml=_P + "CheckStyle", plugin=_PLUGIN):
    """Issues of Checkstyle."""


class tool_spotbugs(_Report, xml=_P + "SpotBugs", plugin=_PLUGIN):
    """Issues of SpotBugs."""


class tool_findbugs(_Report, xml=_P + "FindBugs", plugin=_PLUGIN):
    """Issues of FindBugs."""


class tool_pmd(_Report, xml=_P + "Pmd", plugin=_PLUGIN):
    """Issues of PMD."""


class _Duplicates(_Report):
    """A tool that finds duplicate code; the thresholds are lines."""

    high: int | str = number("highThreshold", default=50)
    normal: int | str = number("normalThreshold", default=25)


class tool_cpd(_Duplicates, xml=_P + "Cpd", plugin=_PLUGIN):
    """Duplicates that PMD's copy and paste detector found."""


class tool_error_prone(_Report, xml=_P + "ErrorProne", plugin=_PLUGIN):
    """Issues of Error Prone."""


class tool_eclipse(_Report, xml=_P + "Eclipse", plugin=_PLUGIN):
    """Issues of the Eclipse compiler."""


class tool_kotlin(_Report, xml=_P + "Kotlin", plugin=_PLUGIN):
    """Issues of the Kotlin compiler."""


class tool_ktlint(_Report, xml=_P + "KtLint", plugin=_PLUGIN):
    """Issues of ktlint."""


class tool_detekt(_Report, xml=_P + "Detekt", plugin=_PLUGIN):
    """Issues of Detekt."""


class tool_scala(_Report, xml=_P + "Scala", plugin=_PLUGIN):
    """Issues of the Scala compiler."""


class tool_codenarc(_Report, xml=_P + "CodeNarc", plugin=_PLUGIN):
    """Issues of CodeNarc."""


class tool_android_lint(_Report, xml=_P + "AndroidLint", plugin=_PLUGIN):
    """Issues of Android Lint."""


class tool_gcc(_Report, xml=_P + "Gcc4", plugin=_PLUGIN):
    """Issues of GCC."""


class tool_clang(_Report, xml=_P + "Clang", plugin=_PLUGIN):
    """Issues of Clang."""


class tool_clang_tidy(_Report, xml=_P + "ClangTidy", plugin=_PLUGIN):
    """Issues of clang-tidy."""


class tool_clang_analyzer(_Report, xml=_P + "ClangAnalyzer", plugin=_PLUGIN):
    """Issues of Clang's analyzer."""


class tool_cppcheck(_Report, xml=_P + "CppCheck", plugin=_PLUGIN):
    """Issues of Cppcheck."""


class tool_cpplint(_Report, xml=_P + "CppLint", plugin=_PLUGIN):
    """Issues of cpplint."""


class tool_cmake(_Report, xml=_P + "Cmake", plugin=_PLUGIN):
    """Issues of CMake."""


class tool_msbuild(_Report, xml=_P + "MsBuild", plugin=_PLUGIN):
    """Issues of MSBuild."""


class tool_fxcop(_Report, xml=_P + "Fxcop", plugin=_PLUGIN):
    """Issues of FxCop."""


class tool_stylecop(_Report, xml=_P + "StyleCop", plugin=_PLUGIN):
    """Issues of StyleCop."""


class tool_resharper(_Report, xml=_P + "ResharperInspectCode", plugin=_PLUGIN):
    """Issues of ReSharper."""


class tool_doxygen(_Report, xml=_P + "Doxygen", plugin=_PLUGIN):
    """Issues of Doxygen."""


class tool_valgrind(_Report, xml=_P + "Valgrind", plugin=_PLUGIN):
    """Issues of Valgrind."""


class tool_pep8(_Report, xml=_P + "Pep8", plugin=_PLUGIN):
    """Issues of pycodestyle."""


class tool_flake8(_Report, xml=_P + "Flake8", plugin=_PLUGIN):
    """Issues of Flake8."""


class tool_pylint(_Report, xml=_P + "PyLint", plugin=_PLUGIN):
    """Issues of Pylint."""


class tool_mypy(_Report, xml=_P + "MyPy", plugin=_PLUGIN):
    """Issues of mypy."""


class tool_pydocstyle(_Report, xml=_P + "PyDocStyle", plugin=_PLUGIN):
    """Issues of pydocstyle."""


class tool_sphinx(_Report, xml=_P + "SphinxBuild", plugin=_PLUGIN):
    """Issues of Sphinx."""


class tool_eslint(_Report, xml=_P + "EsLint", plugin=_PLUGIN):
    """Issues of ESLint."""


class tool_jshint(_Report, xml=_P + "JsHint", plugin=_PLUGIN):
    """Issues of JSHint."""


class tool_tslint(_Report, xml=_P + "TsLint", plugin=_PLUGIN):
    """Issues of TSLint."""


class tool_stylelint(_Report, xml=_P + "StyleLint", plugin=_PLUGIN):
    """Issues of stylelint."""


class tool_npm_audit(_Report, xml=_P + "NpmAudit", plugin=_PLUGIN):
    """Issues of npm audit."""


class tool_php(_Report, xml=_P + "Php", plugin=_PLUGIN):
    """Issues of PHP."""


class tool_php_code_sniffer(_Report, xml=_P + "PhpCodeSniffer", plugin=_PLUGIN):
    """Issues of PHP_CodeSniffer."""


class tool_phpstan(_Report, xml=_P + "PhpStan", plugin=_PLUGIN):
    """Issues of PHPStan."""


class tool_rubocop(_Report, xml=_P + "RuboCop", plugin=_PLUGIN):
    """Issues of RuboCop."""


class tool_brakeman(_Report, xml=_P + "Brakeman", plugin=_PLUGIN):
    """Issues of Brakeman."""


class tool_golint(_Report, xml=_P + "GoLint", plugin=_PLUGIN):
    """Issues of golint."""


class tool_govet(_Report, xml=_P + "GoVet", plugin=_PLUGIN):
    """Issues of go vet."""


class tool_cargo(_Report, xml=_P + "Cargo", plugin=_PLUGIN):
    """Issues of Cargo."""


class tool_swiftlint(_Report, xml=_P + "SwiftLint", plugin=_PLUGIN):
    """Issues of SwiftLint."""


class tool_puppet_lint(_Report, xml=_P + "PuppetLint", plugin=_PLUGIN):
    """Issues of puppet-lint."""


class tool_ansible_lint(_Report, xml=_P + "AnsibleLint", plugin=_PLUGIN):
    """Issues of ansible-lint."""


class tool_yamllint(_Report, xml=_P + "YamlLint", plugin=_PLUGIN):
    """Issues of yamllint."""


class tool_xmllint(_Report, xml=_P + "XmlLint", plugin=_PLUGIN):
    """Issues of xmllint."""


class tool_docker_lint(_Report, xml=_P + "DockerLint", plugin=_PLUGIN):
    """Issues of Dockerfile Lint."""


class tool_hadolint(_Report, xml=_P + "HadoLint", plugin=_PLUGIN):
    """Issues of hadolint."""


class tool_sarif(_Report, xml=_P + "Sarif", plugin=_PLUGIN):
    """Issues of SARIF files."""


class tool_sonarqube(_Report, xml=_P + "SonarQube", plugin=_PLUGIN):
    """Issues of SonarQube."""


class tool_trivy(_Report, xml=_P + "Trivy", plugin=_PLUGIN):
    """Issues of Trivy."""


class tool_grype(_Report, xml=_P + "Grype", plugin=_PLUGIN):
    """Issues of Grype."""


class tool_owasp_dependency_check(_Report, xml=_P + "OwaspDependencyCheck", plugin=_PLUGIN):
    """Issues of OWASP Dependency-Check."""


class tool_junit(_Report, xml=_P + "JUnit", plugin=_PLUGIN):
    """Issues of failed JUnit tests."""


class tool_dupfinder(_Duplicates, xml=_P + "DupFinder", plugin=_PLUGIN):
    """Duplicates that ReSharper's DupFinder found."""


class tool_issues_xml(_Report, xml=_P + "WarningsPlugin", plugin=_PLUGIN):
    """Issues of the plugin's own format."""


class tool_taskscanner(Tool, xml=_P + "tasks.OpenTasks", plugin=_PLUGIN):
    """Open tasks in the sources, such as TODO and FIXME."""

    high: str = text("highTags", default="")
    normal: str = text("normalTags", default="")
    low: str = text("lowTags", default="")
    ignore_case: bool = flag(default=False)
    regexp: bool = flag("isRegularExpression", default=False)
    includes: str = text("includePattern", default="")
    excludes: str = text("excludePattern", default="")


class tool_groovy(_Report, xml=_P + "groovy.GroovyScript", plugin=_PLUGIN):
    """Issues a Groovy parser of the controller's configuration finds."""

    pattern: str = text(default="")
    parser: str = text("parserId", first=True)


class tool_registered(_Report, xml=_P + "RegisteredParser", plugin=_PLUGIN):
    """Issues of any parser the plugin knows, by its id."""

    pattern: str = text(default="")
    parser: str = text("analysisModelId", first=True)
