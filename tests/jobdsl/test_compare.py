"""What Jenkins rewrites is no difference; what it dropped, and what somebody changed, is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobdsl.applying.readback import kept_whole
from jobdsl.documents.compare import compare
from jobdsl.documents.differences import Difference
from jobdsl.documents.masking import HIDDEN, masked
from jobdsl.documents.tree import Node, parse, to_text
from jobdsl.errors import Where

PERMISSIONS = "<permission>{}</permission><permission>{}</permission>"
SHELL = "<hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell>"


def differences(desired: str, stored: str, root: str = "project") -> list[str]:
    found = compare(parse(f"<{root}>{desired}</{root}>"), parse(f"<{root}>{stored}</{root}>")).differences
    return [f"{one.severity}: {one}" for one in found]


@pytest.mark.parametrize(
    ("desired", "stored"),
    [
        ("<a>1</a><b>2</b>", "<b>2</b><a>1</a>"),
        ("<a/>", '<a plugin="x@1"><b>false</b></a>'),
        ("<on>True</on>", "<on>true</on>"),
        ("<n>07</n>", "<n>7</n>"),
        ("<numToKeep>0</numToKeep>", "<numToKeep>-1</numToKeep>"),
        ("<properties>\n  \n</properties>", "<properties/>"),
        ("<command>a\r\nb\u2028c</command>", "<command>a\nb\nc</command>"),
        ("<password>plain</password>", "<password>{AQAAABAAAAAQKTjr=}</password>"),
        ("<password>${jobdsl:secret:db}</password>", "<password>hunter2</password>"),
        (SHELL.format("a\n${jobdsl:secret:db} b ${jobdsl:secret:x}\nc"), SHELL.format("a\r\nhunter2 b hunter3\r\nc")),
        ('<triggers class="vector"/>', "<triggers/>"),
        ("<scm/>", '<scm class="hudson.scm.NullSCM"/>'),
        ("", '<scm class="hudson.scm.NullSCM"/><disabled>false</disabled><canRoam>true</canRoam>'),
        ("", "<actions><x.Y/></actions><healthMetrics><h.M/></healthMetrics>"),
        (PERMISSIONS.format("a", "b"), PERMISSIONS.format("b", "a")),
        (SHELL.format("x"), SHELL.format("x").replace("</hudson", "<configuredLocalRules/></hudson")),
        ("<factory/>", '<factory><owner class="x.Y" reference="../.."/></factory>'),
        ("", '<owner class="hudson.model.Hudson" ignore="true"/>'),  # of a nested view
        ('<a reference="../b"/>', '<a reference="../c[2]"/>'),
        ('<a reference="../b"/>', "<a/>"),
        ('<a class="linked-hash-set"/>', '<a serialization="custom" resolves-to="x.Y"/>'),
        ('<a defined-in="x.Y">1</a>', "<a>1</a>"),
        ('<pair var="P" password="plain"/>', '<pair var="P" password="{AQAAABAAAAAQKTjr=}"/>'),
        ('<pair password="${jobdsl:secret:p}"/>', '<pair password="hunter2"/>'),
        ('<a on="True" n="07"/>', '<a n="7" on="true" version="2"/>'),
        ("<comparator/>", '<comparator class="hudson.util.DefaultComparator"/>'),
    ],
)  # fmt: skip
def test_what_jenkins_rewrites_is_no_difference(desired: str, stored: str) -> None:
    assert differences(desired, stored) == []


def test_a_dropped_class_is_an_error() -> None:
    desired = f"<builders><EnvInjectBuilder><info>x</info></EnvInjectBuilder>{SHELL.format('x')}</builders>"
    assert differences(desired, f"<builders>{SHELL.format('x')}</builders>") == [
        "error: EnvInjectBuilder was dropped"
    ]


def test_dropped_classes_are_found_inside_what_was_dropped_around_them() -> None:
    assert differences("<list><a.B/><c.D/></list>", "") == [
        "error: a.B was dropped",
        "error: c.D was dropped",
    ]


def test_a_replaced_implementation_is_an_error() -> None:
    desired, stored = '<scm class="x.MultiSCM"><scms/></scm>', '<scm class="hudson.scm.NullSCM"/>'
    assert differences(desired, stored) == ["error: x.MultiSCM was dropped"]


def test_a_dropped_value_is_an_error_an_empty_one_a_note() -> None:
    desired = "<publishers><a.JUnit><keep>true</keep><gone>false</gone><old/></a.JUnit></publishers>"
    assert differences(desired, "<publishers><a.JUnit/></publishers>") == [
        'error: a.JUnit keep = "true" was dropped',
        'note: a.JUnit gone = "false" was dropped',
        "note: a.JUnit old was dropped",
    ]


def test_a_changed_value_is_an_error() -> None:
    assert differences("<quietPeriod>5</quietPeriod>", "<quietPeriod>9</quietPeriod>") == [
        'error: project quietPeriod: "5" became "9"'
    ]


@pytest.mark.parametrize(
    ("desired", "stored", "error"),
    [
        ("<a.B x='1' y='2'/>", "<a.B y='2'/>", 'a.B @x = "1" was dropped'),
        ("<a.B x='1'/>", "<a.B x='2'/>", 'a.B @x: "1" became "2"'),
        ("<l><pair var='P'/></l>", "<l><pair var='Q'/></l>", 'project l/pair/@var: "P" became "Q"'),
        ("<l><pair var='P'/></l>", "<l/>", "project l/pair was dropped"),
        ("<pair token='a'/>", "<pair token='b'/>", "project pair/@token: a hidden value in it changed"),
    ],
)  # fmt: skip
def test_a_lost_attribute_is_an_error(desired: str, stored: str, error: str) -> None:
    assert differences(desired, stored) == [f"error: {error}"]


def test_a_lost_attribute_of_the_root_is_an_error_an_empty_one_a_note() -> None:
    found = compare(parse('<project foo="bar" old="false"/>'), parse("<project/>"))
    assert [f"{one.severity}: {one}" for one in found.differences] == [
        'error: project @foo = "bar" was dropped',
        'note: project @old = "false" was dropped',
    ]
    assert found.root.attrs == {}


def test_the_plugin_of_a_lost_attribute_is_named() -> None:
    found = compare(parse("<p><a.B x='1'/></p>"), parse("<p><a.B/></p>"), lambda java: f"home of {java}")
    problem = found.lost[0].problem("payments/api", Where("jobs.py", 3))
    assert problem.hint == "the plugin home of a.B does not know this field or value"


def test_text_lost_to_elements_is_an_error() -> None:
    assert differences("<a>1</a>", "<a><b>2</b></a>") == ['error: project a = "1" was dropped']
    assert differences("<a><b>2</b></a>", "<a>1</a>") == ['error: project a/b = "2" was dropped']


@pytest.mark.parametrize(
    ("desired", "stored"),
    [
        ("<builders/>", "<builders><x.Step/></builders>"),
        ("", "<quietPeriod>5</quietPeriod>"),
        ("", '<scm class="hudson.plugins.git.GitSCM"/>'),
        ("<scm/>", '<scm class="x.SCM"><url>u</url></scm>'),
        ('<scm class="hudson.scm.NullSCM"/>', '<scm class="x.SCM"><url>u</url></scm>'),
        ("<axes><values><string>a</string></values></axes>", "<axes><values><string>a</string><string>b</string></values></axes>"),
        ("<jobNames/>", "<jobNames><string>a</string></jobNames>"),
        ("<jobNames/>", "<jobNames><comparator class='hudson.util.DefaultComparator'/><string>a</string></jobNames>"),
        ("<pairs/>", "<pairs><pair var='P'/></pairs>"),
        ("<map/>", "<map><entry><string>a</string><string>b</string></entry></map>"),
    ],
)  # fmt: skip
def test_what_somebody_added_is_drift(desired: str, stored: str) -> None:
    found = compare(parse(f"<p>{desired}</p>"), parse(f"<p>{stored}</p>"))
    assert len(found.drift) == 1, found.drift


def test_another_implementation_is_shown() -> None:
    found = compare(parse('<p><scm class="hudson.scm.NullSCM"/></p>'), parse('<p><scm class="x.SCM"/></p>'))
    assert [str(one) for one in found.differences] == ['p scm/@class: "hudson.scm.NullSCM" became "x.SCM"']
    assert found.root.children[0].attrs == {"class": "x.SCM"}
    filled_in = compare(parse("<p><scm/></p>"), parse('<p><scm class="x.SCM"/></p>'))
    assert filled_in.lost == []
    assert [str(one) for one in filled_in.drift] == ['p scm/@class = "x.SCM" was added']


def test_the_order_of_steps_matters() -> None:
    one, other = "<a.Step/>", "<b.Step/>"
    found = differences(f"<builders>{one}{other}</builders>", f"<builders>{other}{one}</builders>")
    assert found == ['error: project builders: "the order defined" became "Step, Step"']


def test_a_property_nobody_defined_was_added() -> None:
    stored = "<properties><x.TriggersProperty/></properties>"
    assert differences("<properties/>", stored, "flow-definition") == ["error: x.TriggersProperty was added"]
    assert differences("<properties/>", stored) == ["error: x.TriggersProperty was added"]


def test_old_fields_of_a_pipeline_become_properties() -> None:
    alone = "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty"
    stored = f"<properties><{alone}><abortPrevious>false</abortPrevious></{alone}></properties>"
    desired = "<properties/><concurrentBuild>{}</concurrentBuild>"
    added = f"error: {alone} was added"
    assert added not in differences(desired.format("false"), stored, "flow-definition")
    assert added in differences(desired.format("true"), stored, "flow-definition")


def test_a_folder_keeps_its_own() -> None:
    root = "com.cloudbees.hudson.plugins.folder.Folder"
    stored = "<properties><x.FolderCredentialsProvider_-P/></properties><folderViews><x.V/></folderViews>"
    assert differences("<properties/>", stored, root) == []


def test_markers_are_no_difference() -> None:
    line = 'Managed by jobdsl seed "main" from a.py:{} ({}). Edits made here to x are overwritten.'
    one = f"<description>d\n\n{line.format(1, '0' * 12)}</description>"
    other = f"<description>d\n\n{line.format(7, 'a' * 12)}</description>"
    assert differences(one, other) == []
    assert differences(one, "<description>e</description>") == ['error: project description: "d" became "e"']


def test_a_difference_says_where_and_what_to_do() -> None:
    found = compare(
        parse("<project><builders><a.B/></builders></project>"), parse("<project/>"), lambda _: "env"
    )
    problem = found.lost[0].problem("payments/api", Where("jobs.py", 3))
    assert str(problem) == (
        'jobs.py:3: error: "payments/api": Jenkins did not keep all of it: a.B was dropped'
        " (install the plugin env)"
    )
    plain = Difference(
        kind="dropped", path="x", element="a.B", field="keep", desired="true", stored="", severity="error"
    ).problem("x", None)
    assert plain.hint == "the installed plugin does not know this field or value"


def test_values_of_secret_fields_are_never_told() -> None:
    assert differences("<apiToken>abc</apiToken>", "<apiToken>def</apiToken>") == [
        "error: project apiToken: a hidden value in it changed"
    ]
    parameter = "<name>N</name><defaultValue>s3</defaultValue>"
    secret = f"<x.PasswordParameterDefinition>{parameter}</x.PasswordParameterDefinition>"
    text = to_text(masked(parse(f"<p>{secret}<k>{{AQAAABAAAAAQKTjr=}}</k></p>")))
    assert "s3" not in text
    assert "AQAA" not in text
    assert "<name>N</name>" in text
    pairs = masked(parse('<p><pair var="X" password="s3"><a token="s4" passwordVariable="Y"/></pair></p>'))
    assert to_text(pairs).count(HIDDEN) == 2
    assert "s3" not in to_text(pairs)
    assert "s4" not in to_text(pairs)
    assert 'passwordVariable="Y"' in to_text(pairs)


def test_a_change_beside_a_secret_is_told_without_it() -> None:
    wanted = "curl -u a:${jobdsl:secret:db}\nmake"
    assert differences(SHELL.format(wanted), SHELL.format("curl -u a:hunter2\nrm")) == [
        'error: hudson.tasks.Shell command: "curl -u a:${jobdsl:secret:db} make"'
        ' became "curl -u a:${jobdsl:secret:db} rm"'
    ]
    aligned = compare(parse(SHELL.format(wanted)), parse(SHELL.format("curl -u a:hunter2\nrm"))).root
    assert aligned.children[0].text == "curl -u a:${jobdsl:secret:db}\nrm"


def test_the_stored_document_takes_our_shape() -> None:
    desired = parse("<p><b>1</b><a>2</a></p>")
    stored = parse("<p><a>3</a><c>false</c><b>1</b></p>")
    assert compare(desired, stored).root == Node("p", "", [Node("b", "1"), Node("a", "3")])


def test_the_cheap_look() -> None:
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<project>\n  <a>"x"</a>\n  <b/>\n  <c>\n  </c>\n</project>\n'
    )
    inside = '  <b></b>\n  <a plugin="p@1">&quot;x&quot;</a>\n  <c>\n    <d/>\n  </c>'
    stored = f'<?xml version="1.1"?>\n<project>\n{inside}\n</project>'
    assert kept_whole(document, stored.encode())
    assert not kept_whole(document, stored.replace("<b></b>", "").encode())
    assert not kept_whole(document.replace("<b/>", '<b on="1"/>'), stored.encode())


def test_attributes_of_real_documents(stored_pairs: list[tuple[str, bytes, bytes]]) -> None:
    """No false alarm over what a controller made of them, and each value that goes is noticed."""
    assert len(stored_pairs) == 362
    for name, posted, stored in stored_pairs:
        found = compare(parse(posted), parse(stored))
        assert [str(one) for one in found.differences if "@" in one.field] == [], name
        assert compare(parse(stored), parse(stored)).differences == [], name
        desired = parse(stored)
        nodes = [node for node in desired.walk() if "reference" not in node.attrs]
        nodes[len(nodes) // 2].attrs["sort"] = "down"
        (lost,) = compare(desired, parse(stored)).lost
        assert (lost.field.rpartition("/")[2], lost.desired, lost.severity) == ("@sort", "down", "error")


RECORDED = json.loads((Path(__file__).parents[1] / "recordings" / "roundtrip.json").read_text("utf-8"))
LOST = {"11_unknown_things", "16_conditional_unknown_trigger_spec"}


@pytest.mark.parametrize("one", RECORDED, ids=[one["name"] for one in RECORDED])
def test_recorded_documents(one: dict[str, str]) -> None:
    if not one["updated"]:
        return  # it was refused
    found = compare(parse(one["posted"]), parse(one["updated"]))
    errors = [str(lost) for lost in found.lost if lost.severity == "error"]
    assert bool(errors) == (one["name"].rpartition("/")[2] in LOST), errors
    if not errors:
        assert [str(lost) for lost in found.drift] == []
