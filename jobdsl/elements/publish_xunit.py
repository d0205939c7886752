"""Publishing the results of many test tools at once (xunit plugin)."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import amount, child, children, flag, number, text
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "boosttest",
    "cpptest",
    "cppunit",
    "ctest",
    "cunit",
    "custom_tests",
    "embunit",
    "failed_tests",
    "fpcunit",
    "googletest",
    "gtester",
    "junit_files",
    "mbunit",
    "mstest",
    "nunit2",
    "nunit3",
    "phpunit",
    "qtestlib",
    "skipped_tests",
    "unittest",
    "valgrind_tests",
    "xunit",
    "xunit_extra",
    "xunitnet",
]

_TYPES = "org.jenkinsci.plugins.xunit."
_JJB = Form("pattern failIfNotNew deleteOutputFiles skipNoTestFiles stopProcessingIfError customXSL?")


class TestTool(Misc):
    """Result files of one tool."""

    slot = "a test tool (publish.junit_files, publish.googletest, ...)"
    forms = {"jjb": _JJB}

    pattern: str = text(first=True)
    skip_if_none: bool = flag("skipNoTestFiles", default=False)
    fail_if_old: bool = flag("failIfNotNew", default=True)
    delete_output: bool = flag("deleteOutputFiles", default=True)
    stop_on_error: bool = flag("stopProcessingIfError", default=True)


class junit_files(TestTool, xml="JUnitType", plugin="xunit"):
    """Results of JUnit's XML."""


class googletest(TestTool, xml="GoogleTestType", plugin="xunit"):
    """Results of GoogleTest."""


class ctest(TestTool, xml="CTestType", plugin="xunit"):
    """Results of CTest."""


class phpunit(TestTool, xml="PHPUnitJunitHudsonTestType", plugin="xunit"):
    """Results of PHPUnit."""


class boosttest(TestTool, xml="BoostTestJunitHudsonTestType", plugin="xunit"):
    """Results of Boost.Test."""


class cpptest(TestTool, xml="CppTestJunitHudsonTestType", plugin="xunit"):
    """Results of CppTest."""


class cppunit(TestTool, xml="CppUnitJunitHudsonTestType", plugin="xunit"):
    """Results of CppUnit."""


class cunit(TestTool, xml="CUnitJunitHudsonTestType", plugin="xunit"):
    """Results of CUnit."""


class embunit(TestTool, xml="EmbUnitType", plugin="xunit"):
    """Results of Embedded Unit."""


class fpcunit(TestTool, xml="FPCUnitJunitHudsonTestType", plugin="xunit"):
    """Results of FPCUnit."""


class gtester(TestTool, xml="GTesterJunitHudsonTestType", plugin="xunit"):
    """Results of GTester."""


class mbunit(TestTool, xml="MbUnitType", plugin="xunit"):
    """Results of MbUnit."""


class mstest(TestTool, xml="MSTestJunitHudsonTestType", plugin="xunit"):
    """Results of MSTest."""


class nunit2(TestTool, xml="NUnitJunitHudsonTestType", plugin="xunit"):
    """Results of NUnit 2."""


class nunit3(TestTool, xml="NUnit3TestType", plugin="xunit"):
    """Results of NUnit 3."""


class qtestlib(TestTool, xml="QTestLibType", plugin="xunit"):
    """Results of QTestLib."""


class unittest(TestTool, xml="UnitTestJunitHudsonTestType", plugin="xunit"):
    """Results of UnitTest++."""


class valgrind_tests(TestTool, xml="ValgrindJunitHudsonTestType", plugin="xunit"):
    """Results of Valgrind."""


class xunitnet(TestTool, xml="XUnitDotNetTestType", plugin="xunit"):
    """Results of xUnit.net."""


class custom_tests(TestTool, xml="CustomType", plugin="xunit"):
    """Results of any tool, made into JUnit's XML by a stylesheet."""

    stylesheet: str = text("customXSL", first=True)


class _Threshold(Misc):
    """From how many on the build is unstable or failed; empty for never."""

    forms = {"old": Form("unstableThreshold? unstableNewThreshold? failureThreshold? failureNewThreshold?")}

    unstable: str = amount("unstableThreshold")
    unstable_new: str = amount("unstableNewThreshold")
    fails: str = amount("failureThreshold")
    fails_new: str = amount("failureNewThreshold")


class failed_tests(_Threshold, xml=_TYPES + "threshold.FailedThreshold", plugin="xunit"):
    """From how many failed tests on the build changes."""


class skipped_tests(_Threshold, xml=_TYPES + "threshold.SkippedThreshold", plugin="xunit"):
    """From how many skipped tests on the build changes."""


class xunit_extra(Misc, xml=_TYPES + "ExtraConfiguration", plugin="xunit"):
    """How old results may be (`margin_ms`), and how much is shown of them."""

    margin_ms: int | str = number("testTimeMargin", default=3000, least=0)
    sleep_ms: int | str | None = number("sleepTime", default=None, least=0)
    reduce_log: bool | None = flag(default=None)
    follow_symlinks: bool | None = flag("followSymlink", default=None)
    skip_checks: bool | None = flag("skipPublishingChecks", default=None)
    checks_name: str | None = text(default=None)


class xunit(Publisher, xml="xunit", plugin="xunit"):
    """Publish results of several tools: `xunit([publish.googletest("**/gtest.xml")])`.

    `threshold_mode`: 1 counts tests, 2 is per cent.
    """

    types: Any = children(accepts=TestTool, default=None)
    tools: Any = children(accepts=TestTool, default=None, first=True)
    thresholds: Any = children(accepts=Misc)
    threshold_mode: int | str = number(default=1)
    extra_configuration: Any = child(accepts=xunit_extra, plain=True, default=xunit_extra())
    test_data: Any = children("testDataPublishers", accepts=Misc, default=None)
