"""Publishers of test results."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, decimal, flag, number, raw, strings, text
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "allure",
    "allure_config",
    "allure_property",
    "allure_results",
    "cucumber",
    "cucumber_json",
    "cucumber_label",
    "fitnesse",
    "gatling",
    "iago",
    "jmeter",
    "jmeter_csv",
    "jtl_summary",
    "junit",
    "junit_attachments",
    "junit_claims",
    "junit_flaky",
    "junit_performance",
    "junit_plots",
    "junit_stability",
    "maven_test_data",
    "nunit",
    "performance",
    "robot",
    "selenium_html",
    "tap",
    "testng",
    "valgrind",
    "valgrind_config",
]


class junit(Publisher, xml="hudson.tasks.junit.JUnitResultArchiver", plugin="junit"):
    """Publish test results in JUnit's XML format: `junit("build/test-results/**/*.xml")`."""

    forms = {
        "old": Form("testResults keepLongStdio healthScaleFactor allowEmptyResults"),
        "jjb": Form(
            "testResults keepLongStdio healthScaleFactor allowEmptyResults skipPublishingChecks "
            "skipMarkingBuildUnstable testDataPublishers",
            {"testDataPublishers": None},
        ),
    }

    results: str = text("testResults", first=True)
    keep_long_stdio: bool | None = flag(default=None)
    stdio: str | None = text("stdioRetention", default=None, choices=("none", "failed", "all"))
    keep_properties: bool = flag(default=False)
    keep_test_names: bool = flag(default=False)
    test_data: Any = children("testDataPublishers", accepts=Misc, default=None)
    health_scale: float = decimal("healthScaleFactor", default=1.0, least=0)
    allow_empty: bool = flag("allowEmptyResults", default=False)
    skip_checks: bool = flag("skipPublishingChecks", default=False)
    checks_name: str | None = text(default=None)
    never_unstable: bool = flag("skipMarkingBuildUnstable", default=False)
    skip_old: bool = flag("skipOldReports", default=False)


class junit_attachments(
    Misc, xml="hudson.plugins.junitattachments.AttachmentPublisher", plugin="junit-attachments"
):
    """Keep files that tests attach (for `junit(test_data=...)`)."""


class junit_claims(Misc, xml="hudson.plugins.claim.ClaimTestDataPublisher", plugin="claim"):
    """Let people claim single failed tests (for `junit(test_data=...)`)."""


class junit_stability(
    Misc, xml="de.esailors.jenkins.teststability.StabilityTestDataPublisher", plugin="test-stability"
):
    """Show how stable each test has been (for `junit(test_data=...)`)."""


class junit_plots(Misc, xml="hudson.plugins.measurement_plots.TestDataPublisher", plugin="measurement-plots"):
    """Plot what tests measure (for `junit(test_data=...)`)."""


class junit_flaky(
    Misc,
    xml="com.google.jenkins.flakyTestHandler.plugin.JUnitFlakyTestDataPublisher",
    plugin="flaky-test-handler",
):
    """Show tests that pass when run again (for `junit(test_data=...)`)."""


class maven_test_data(Publisher, xml="hudson.maven.MavenTestDataPublisher", plugin="maven-plugin"):
    """More about the test results of a Maven job."""

    test_data: Any = children("testDataPublishers", accepts=Misc, first=True)


class testng(Publisher, xml="hudson.plugins.testng.Publisher", plugin="testng-plugin"):
    """Publish TestNG results. `threshold_mode`: 1 counts tests, 2 is per cent."""

    results: str = text("reportFilenamePattern", default="**/testng-results.xml", first=True)
    escape_description: bool = flag("escapeTestDescp", default=True)
    escape_exceptions: bool = flag("escapeExceptionMsg", default=True)
    fail_on_failed_config: bool = flag("failureOnFailedTestConfig", default=False)
    show_failed: bool = flag("showFailedBuilds", default=False)
    unstable_skips: int | str = number(default=100)
    unstable_fails: int | str = number(default=0)
    failed_skips: int | str = number(default=100)
    failed_fails: int | str = number(default=100)
    threshold_mode: int | str = number(default=2)


class nunit(Publisher, xml="hudson.plugins.nunit.NUnitPublisher", plugin="nunit"):
    """Publish NUnit results."""

    results: str = text("testResultsPattern", first=True)
    debug: bool = flag(default=False)
    keep_junit: bool = flag("keepJUnitReports", default=False)
    skip_junit: bool = flag("skipJUnitArchiver", default=False)
    health_scale: float | None = decimal("healthScaleFactor", default=1.0, least=0)
    fail_if_none: bool = flag("failIfNoResults", default=True)
    failed_tests_fail: bool | None = flag("failedTestsFailBuild", default=None)


class robot(Publisher, xml="hudson.plugins.robot.RobotPublisher", plugin="robot"):
    """Publish Robot Framework results; thresholds are per cent of tests that pass."""

    forms = {
        "jjb": Form(
            "outputPath logFileLink reportFileName logFileName outputFileName passThreshold "
            "unstableThreshold onlyCritical enableCache otherFiles disableArchiveOutput",
            {"logFileLink": None, "otherFiles": None},
        ),
    }

    archive_dir: str | None = text("archiveDirName", default=None)
    dir: str = text("outputPath", first=True)
    log_link: str | None = text("logFileLink", default=None)
    report: str = text("reportFileName", default="report.html")
    log: str = text("logFileName", default="log.html")
    output: str = text("outputFileName", default="output.xml")
    no_archive: bool = flag("disableArchiveOutput", default=False)
    pass_threshold: float = decimal(default=0.0, least=0)
    unstable_threshold: float = decimal(default=0.0)
    other_files: tuple[str, ...] = strings(default=("",))
    x_label: str | None = text("overwriteXAxisLabel", default=None)
    cache: bool = flag("enableCache", default=True)
    only_critical: bool = flag(default=True)
    count_skipped: bool | None = flag("countSkippedTests", default=None)


class tap(Publisher, xml="org.tap4j.plugin.TapPublisher", plugin="tap"):
    """Publish results in the Test Anything Protocol."""

    results: str = text("testResults", first=True)
    fail_if_none: bool = flag("failIfNoResults", default=False)
    failed_tests_fail: bool = flag("failedTestsMarkBuildAsFailure", default=False)
    to_console: bool = flag("outputTapToConsole", default=False)
    subtests: bool = flag("enableSubtests", default=True)
    discard_old: bool = flag("discardOldReports", default=False)
    todo_fails: bool = flag("todoIsFailure", default=True)
    comments: bool = flag("includeCommentDiagnostics", default=True)
    check_number: bool = flag("validateNumberOfTests", default=False)
    plan_required: bool = flag(default=True)
    verbose: bool = flag(default=True)
    only_failures: bool = flag("showOnlyFailures", default=False)
    strip_single_parents: bool = flag(default=False)
    flatten: bool = flag("flattenTapResult", default=False)
    skip_if_not_ok: bool = flag("skipIfBuildNotOk", default=False)


class cucumber_label(
    Misc,
    xml="net.masterthought.jenkins.CucumberReportPublisher$Classification",
    plugin="cucumber-reports",
):
    """A name and a value shown at the top of the report."""

    key: str = text(first=True)
    value: str = text(first=True)


class cucumber(Publisher, xml="net.masterthought.jenkins.CucumberReportPublisher", plugin="cucumber-reports"):
    """Publish Cucumber's JSON results as a report; the numbers are limits from which on the build changes."""

    files: str = text("fileIncludePattern", default="**/*.json", first=True)
    excludes: str = text("fileExcludePattern", default="")
    dir: str = text("jsonReportDirectory", default="")
    title: str | None = text("reportTitle", default=None)
    failed_steps: int | str = number("failedStepsNumber", default=0)
    skipped_steps: int | str = number("skippedStepsNumber", default=0)
    pending_steps: int | str = number("pendingStepsNumber", default=0)
    undefined_steps: int | str = number("undefinedStepsNumber", default=0)
    failed_scenarios: int | str = number("failedScenariosNumber", default=0)
    failed_features: int | str = number("failedFeaturesNumber", default=0)
    then: str | None = text("buildStatus", default=None)
    trends_limit: int | str = number(default=0, least=0)
    parallel: bool | None = flag("parallelTesting", default=None)
    sorting: str = text("sortingMethod", default="NATURAL", choices=("NATURAL", "ALPHABETICAL"))
    labels: Any = children("classifications", accepts=cucumber_label, default=None)
    merge_by_id: bool | None = flag("mergeFeaturesById", default=None)
    merge_with_retest: bool | None = flag("mergeFeaturesWithRetest", default=None)
    hide_empty_hooks: bool | None = flag(default=None)
    skip_empty_files: bool | None = flag("skipEmptyJSONFiles", default=None)
    expand_steps: bool | None = flag("expandAllSteps", default=None)
    labels_files: str = text("classificationsFilePattern", default="")


class cucumber_json(
    Publisher,
    xml="org.jenkinsci.plugins.cucumber.jsontestsupport.CucumberTestResultArchiver",
    plugin="cucumber-testresult-plugin",
):
    """Publish Cucumber's JSON results as test results."""

    results: str = text("testResults", first=True)
    ignore_bad_steps: bool = flag(default=False)


class allure_results(
    Misc, xml="ru.yandex.qatools.allure.jenkins.config.ResultsConfig", plugin="allure-jenkins-plugin"
):
    """A directory of Allure results."""

    path: str = text(first=True)


class allure_property(
    Misc, xml="ru.yandex.qatools.allure.jenkins.config.PropertyConfig", plugin="allure-jenkins-plugin"
):
    """A property handed to Allure."""

    key: str = text(first=True)
    value: str = text(first=True)


class allure_config(
    Misc, xml="ru.yandex.qatools.allure.jenkins.config.AllureReportConfig", plugin="allure-jenkins-plugin"
):
    """Where Allure's results are and when the report is made."""

    jdk: str = text(default="")
    commandline: str | None = text(default=None)
    results_pattern: str | None = text(default=None)
    properties: Any = children(accepts=allure_property, default=None)
    results: Any = children(accepts=allure_results, convert=allure_results, default=None)
    when: str = text("reportBuildPolicy", default="ALWAYS", choices=("ALWAYS", "UNSTABLE", "UNSUCCESSFUL"))
    include_properties: bool = flag(default=True)


class allure(
    Publisher,
    xml="ru.yandex.qatools.allure.jenkins.AllureReportPublisher",
    plugin="allure-jenkins-plugin",
):
    """Publish an Allure report: `allure(publish.allure_config(results=["build/allure-results"]))`."""

    config: Any = child(accepts=allure_config, plain=True, first=True)


class _Parser(Misc):
    """Files of one format for the performance report."""

    glob: str = text(first=True)


class jmeter(_Parser, xml="hudson.plugins.performance.JMeterParser", plugin="performance"):
    """JMeter's XML results."""


class jmeter_csv(_Parser, xml="hudson.plugins.performance.JMeterCsvParser", plugin="performance"):
    """JMeter's CSV results."""


class junit_performance(_Parser, xml="hudson.plugins.performance.JUnitParser", plugin="performance"):
    """JUnit's results, for their times."""


class jtl_summary(_Parser, xml="hudson.plugins.performance.JmeterSummarizerParser", plugin="performance"):
    """JMeter's summary log."""


class iago(_Parser, xml="hudson.plugins.performance.IagoParser", plugin="performance"):
    """Iago's results."""


class performance(Publisher, xml="hudson.plugins.performance.PerformancePublisher", plugin="performance"):
    """Publish response times and errors of load tests, with thresholds in per cent; -1 is none."""

    fail_errors: int | str = number("errorFailedThreshold", default=-1)
    unstable_errors: int | str = number("errorUnstableThreshold", default=-1)
    unstable_times: str = text("errorUnstableResponseTimeThreshold", default="")
    relative_failed_plus: float = decimal("relativeFailedThresholdPositive", default=-1.0)
    relative_failed_minus: float = decimal("relativeFailedThresholdNegative", default=-1.0)
    relative_unstable_plus: float = decimal("relativeUnstableThresholdPositive", default=-1.0)
    relative_unstable_minus: float = decimal("relativeUnstableThresholdNegative", default=-1.0)
    compare_with_build: int | str = number("nthBuildNumber", default=0)
    relative: bool | None = flag("modeRelativeThresholds", default=None)
    metric: str = text("configType", default="ART", choices=("ART", "MRT", "PRT"))
    graph: str = text("graphType", default="ART", choices=("ART", "MRT", "PRT"))
    threshold_mode: bool = flag("modeOfThreshold", default=False)
    fail_if_none: bool = flag("failBuildIfNoResultFile", default=True)
    compare_previous: bool = flag("compareBuildPrevious", default=False)
    option: str = text("optionType", default="ART")
    xml_report: str | None = text("xml", default=None)
    per_test_case: bool = flag("modePerformancePerTestCase", default=False)
    exclude_response_time: bool = flag(default=False)
    parsers: Any = children(accepts=Misc, default=None)
    throughput: bool = flag("modeThroughput", default=False)
    evaluation: bool = flag("modeEvaluation", default=False)
    constraints: Any = raw(default=None)
    ignore_failed: bool = flag("ignoreFailedBuilds", default=False)
    ignore_unstable: bool = flag("ignoreUnstableBuilds", default=False)
    keep_constraint_log: bool = flag("persistConstraintLog", default=False)
    files: str | None = text("sourceDataFiles", default=None, first=True)
    junit_output: str | None = text(default=None)
    percentiles: str | None = text(default=None)


class gatling(Publisher, xml="io.gatling.jenkins.GatlingPublisher", plugin="gatling"):
    """Keep Gatling's reports and show their trend."""

    enabled: bool = flag(default=True, first=True)


class fitnesse(Publisher, xml="hudson.plugins.fitnesse.FitnesseResultsRecorder", plugin="fitnesse"):
    """Publish FitNesse results."""

    results: str = text("fitnessePathToXmlResultsIn", first=True)


class selenium_html(
    Publisher,
    xml="org.jvnet.hudson.plugins.seleniumhtmlreport.SeleniumHtmlReportPublisher",
    plugin="seleniumhtmlreport",
):
    """Publish Selenium's HTML reports."""

    dir: str = text("testResultsDir", default="target", first=True)
    fail_on_exception: bool | None = flag("failureIfExceptionOnParsingResultFiles", default=None)


class valgrind_config(
    Misc, xml="org.jenkinsci.plugins.valgrind.config.ValgrindPublisherConfig", plugin="valgrind"
):
    """What Valgrind's report is read from and from how many errors on the build changes."""

    pattern: str = text(default="*.memcheck", first=True)
    unstable_invalid: str = amount("unstableThresholdInvalidReadWrite")
    unstable_lost: str = amount("unstableThresholdDefinitelyLost")
    unstable_total: str = amount("unstableThresholdTotal")
    fail_invalid: str = amount("failThresholdInvalidReadWrite")
    fail_lost: str = amount("failThresholdDefinitelyLost")
    fail_total: str = amount("failThresholdTotal")
    aborted: bool = flag("publishResultsForAbortedBuilds", default=False)
    failed: bool = flag("publishResultsForFailedBuilds", default=False)
    fail_if_missing: bool = flag("failBuildOnMissingReports", default=False)
    fail_if_invalid: bool = flag("failBuildOnInvalidReports", default=False)


class valgrind(Publisher, xml="org.jenkinsci.plugins.valgrind.ValgrindPublisher", plugin="valgrind"):
    """Publish what Valgrind found."""

    config: Any = child(
        "valgrindPublisherConfig", accepts=valgrind_config, convert=valgrind_config, plain=True, first=True
    )
