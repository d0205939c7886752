"""Publishers of reports: HTML, plots, sizes and dependencies of code, images, monitors."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import children, flag, number, raw, strings, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.slots import Misc, Publisher

__all__ = [
    "chuck_norris",
    "clamav",
    "compared_images",
    "cppncss",
    "crap4j",
    "csv_series",
    "dependency_analyzer",
    "game",
    "html",
    "html_report",
    "image_gallery",
    "images",
    "javancss",
    "jdepend",
    "plot",
    "plots",
    "properties_series",
    "site",
    "site_monitor",
    "sloccount",
    "summary_report",
    "xml_series",
]


class html_report(Misc, xml="htmlpublisher.HtmlPublisherTarget", plugin="htmlpublisher"):
    """One HTML report: its directory, index pages and name."""

    forms = {
        "1.16": Form(
            "reportName reportDir reportFiles alwaysLinkToLastBuild reportTitles keepAll "
            "allowMissing includes"
        ),
        "1.12": Form(
            "reportName reportDir reportFiles alwaysLinkToLastBuild reportTitles keepAll allowMissing"
        ),
        "jjb": Form(
            "reportName reportDir reportFiles alwaysLinkToLastBuild keepAll allowMissing wrapperName",
            {"wrapperName": "htmlpublisher-wrapper.html"},
        ),
    }

    name: str = text("reportName", default="HTML Report", first=True)
    dir: str = text("reportDir", default="", first=True)
    files: str = text("reportFiles", default="index.html")
    always_link: bool = flag("alwaysLinkToLastBuild", default=False)
    titles: str = text("reportTitles", default="")
    keep_all: bool = flag(default=False)
    allow_missing: bool = flag(default=False)
    icon: str | None = text(default=None)
    includes: str = text(default="**/*")
    escape_underscores: bool | None = flag(default=None)
    no_wrapper: bool | None = flag("useWrapperFileDirectly", default=None)
    workers: int | str = number("numberOfWorkers", default=0, least=0)


class html(Holder, Publisher, xml="htmlpublisher.HtmlPublisher", plugin="htmlpublisher"):
    """Publish HTML: `html("Coverage", "build/coverage")`; several go into `reports=[...]`."""

    holds = "reports"
    held = html_report

    reports: Any = children("reportTargets", accepts=html_report)
    name: str | None = sugar(first=True)
    dir: str | None = sugar(first=True)
    files: str | None = sugar()
    always_link: bool | None = sugar()
    titles: str | None = sugar()
    keep_all: bool | None = sugar()
    allow_missing: bool | None = sugar()
    icon: str | None = sugar()
    includes: str | None = sugar()
    escape_underscores: bool | None = sugar()
    no_wrapper: bool | None = sugar()
    workers: int | None = sugar()


class _Series(Misc):
    """One line of a plot, from a file of the workspace."""

    file: str = text(first=True)
    label: str | None = text(default=None)


class properties_series(_Series, xml="hudson.plugins.plot.PropertiesSeries", plugin="plot"):
    """A value from a properties file (`YVALUE=...`)."""

    label: str = text(default="")
    type: str = text("fileType", default="properties")


class csv_series(_Series, xml="hudson.plugins.plot.CSVSeries", plugin="plot"):
    """Columns of a CSV file, selected by `exclusion`."""

    forms = {
        "jjb": Form("file inclusionFlag exclusionValues url displayTableFlag strExclusionSet? fileType"),
    }

    type: str = text("fileType", default="csv")
    columns: tuple[str, ...] | None = strings("strExclusionSet", default=None)
    numbers: Any = raw("colExclusionSet", default=None)
    exclusion: str = text(
        "inclusionFlag",
        default="OFF",
        choices=("OFF", "INCLUDE_BY_STRING", "EXCLUDE_BY_STRING", "INCLUDE_BY_COLUMN", "EXCLUDE_BY_COLUMN"),
    )
    values: str = text("exclusionValues", default="")
    url: str = text(default="")
    table: bool = flag("displayTableFlag", default=False)


class xml_series(_Series, xml="hudson.plugins.plot.XMLSeries", plugin="plot"):
    """Values an XPath finds in an XML file."""

    type: str = text("fileType", default="xml")
    xpath: str = text("xpathString", first=True)
    url: str = text(default="")
    node_type: str = text(
        "nodeTypeString", default="NODESET", choices=("NODESET", "NODE", "STRING", "BOOLEAN", "NUMBER")
    )


class plot(Misc, xml="hudson.plugins.plot.Plot", plugin="plot"):
    """One plot over the builds."""

    forms = {
        "jjb": Form(
            "title yaxis width height csvFileName group useDescr exclZero logarithmic keepRecords numBuilds "
            "style series"
        ),
    }

    title: str = text(default="", first=True)
    description: str | None = text(default=None)
    y_axis: str = text("yaxis", default="")
    width: int | str | None = number(default=None, least=0)
    height: int | str | None = number(default=None, least=0)
    series: Any = children(accepts=_Series)
    group: str = text(default="")
    builds: str = text("numBuilds", default="")
    csv_file: str = text("csvFileName", default="")
    csv_changed: int | str | None = number("csvLastModification", default=None)
    style: str = text(default="line")
    use_description: bool = flag("useDescr", default=False)
    keep_records: bool = flag(default=False)
    exclude_zero: bool = flag("exclZero", default=False)
    logarithmic: bool = flag(default=False)
    y_minimum: str | None = text("yaxisMinimum", default=None)
    y_maximum: str | None = text("yaxisMaximum", default=None)


class plots(Publisher, xml="hudson.plugins.plot.PlotPublisher", plugin="plot"):
    """Plot values over the builds: `plots([publish.plot("Size", series=[...])])`."""

    plots: Any = children(accepts=plot, first=True)


class jdepend(Publisher, xml="hudson.plugins.jdepend.JDependRecorder", plugin="jdepend"):
    """Publish JDepend's report."""

    file: str = text("configuredJDependFile", default="", first=True)


class sloccount(Publisher, xml="hudson.plugins.sloccount.SloccountPublisher", plugin="sloccount"):
    """Publish how many lines of code there are."""

    files: str = text("pattern", default="", first=True)
    encoding: str = text(default="")
    comments_are_code: bool = flag("commentIsCode", default=False)
    builds_in_graph: int | str = number("numBuildsInGraph", default=0, least=0)
    ignore_failure: bool = flag("ignoreBuildFailure", default=False)


class crap4j(Publisher, xml="hudson.plugins.crap4j.Crap4JPublisher", plugin="crap4j"):
    """Publish Crap4J's report."""

    files: str = text("reportPattern", first=True)
    health: str = text("healthThreshold", default="")


class cppncss(Publisher, xml="hudson.plugins.cppncss.CppNCSSPublisher", plugin="cppncss"):
    """Publish CppNCSS's report."""

    files: str = text("reportFilenamePattern", first=True)
    targets: Any = raw(default="")


class javancss(Publisher, xml="hudson.plugins.javancss.JavaNCSSPublisher", plugin="javancss"):
    """Publish JavaNCSS's report."""

    files: str = text("reportFilenamePattern", first=True)
    targets: Any = raw(default="")


class dependency_analyzer(
    Publisher,
    xml="hudson.plugins.dependencyanalyzer.DependencyAnalyzerPublisher",
    plugin="dependencyanalyzer",
):
    """Publish Maven's dependency analysis."""


class images(
    Misc, xml="org.jenkinsci.plugins.imagegallery.imagegallery.ArchivedImagesGallery", plugin="image-gallery"
):
    """Images among the artifacts."""

    title: str = text(default="", first=True)
    width: str | None = text("imageWidth", default=None)
    unstable_if_none: bool = flag("markBuildAsUnstableIfNoArchivesFound", default=False)
    includes: str = text(default="", first=True)


class compared_images(
    Misc,
    xml="org.jenkinsci.plugins.imagegallery.comparative.InFolderComparativeArchivedImagesGallery",
    plugin="image-gallery",
):
    """Images of one directory side by side."""

    title: str = text(default="", first=True)
    width: str | None = text("imageWidth", default=None)
    unstable_if_none: bool = flag("markBuildAsUnstableIfNoArchivesFound", default=False)
    root: str = text("baseRootFolder", default="", first=True)
    inner_width: str | None = text("imageInnerWidth", default=None)


class image_gallery(
    Publisher, xml="org.jenkinsci.plugins.imagegallery.ImageGalleryRecorder", plugin="image-gallery"
):
    """Show images of a build."""

    galleries: Any = children("imageGalleries", accepts=Misc, first=True)


class site(Misc, xml="hudson.plugins.sitemonitor.model.Site", plugin="sitemonitor"):
    """A URL to check."""

    url: str = text("mUrl", first=True)
    codes: Any = raw("successResponseCodes", default="")


class site_monitor(Publisher, xml="hudson.plugins.sitemonitor.SiteMonitorRecorder", plugin="sitemonitor"):
    """See whether sites answer."""

    sites: Any = children("mSites", accepts=site, convert=site, first=True)


class summary_report(
    Publisher, xml="hudson.plugins.summary_report.ACIPluginPublisher", plugin="summary_report"
):
    """Publish reports in the plugin's own XML."""

    files: str = text("name", first=True)
    on_project_page: bool = flag("shownOnProjectPage", default=False)


class chuck_norris(Publisher, xml="hudson.plugins.chucknorris.CordellWalkerRecorder", plugin="chucknorris"):
    """Chuck Norris judges the build."""

    facts: Any = raw("factGenerator", default="")


class game(Publisher, xml="hudson.plugins.cigame.GamePublisher", plugin="ci-game"):
    """Points for good builds."""


class clamav(Publisher, xml="org.jenkinsci.plugins.clamav.ClamAvRecorder", plugin="clamav"):
    """Scan artifacts for viruses."""

    includes: str = text(first=True)
    excludes: str = text(default="")
