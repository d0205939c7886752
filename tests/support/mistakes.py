"""Mistakes people make in DSL files: the source, where the problem is, its words, and an edit its hint asks for.

Each source is a file of its own, after a first line that imports everything of jobdsl; JOB stands for a name
that no other row has.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CALLS", "PARTS", "Row", "row"]


class Row(NamedTuple):
    """One mistake."""

    source: str
    line: int
    message: str
    hint: str
    edits: tuple[tuple[str, str], ...]
    """What is replaced, one after another, as the hint says."""


def row(source: str, line: int, message: str, hint: str, *edits: tuple[str, str]) -> Row:
    """Make a row."""
    return Row(source, line, message, hint, edits)


CALLS = [
    row(
        'freestyle("JOB", keep=3, properties=[properties.build_discarder(misc.keep(4))])',
        2,
        "keep= sets the same",
        "leave out keep=, or the property",
        ("keep=3, ", ""),
    ),
    row(
        'maven("JOB", steps=[steps.shell("x")])',
        2,
        "takes no steps=",
        "give pre_steps=",
        ("steps=", "pre_steps="),
    ),
    row(
        'freestyle("JOB", timeout=5)',
        2,
        "no argument 'timeout'",
        "write wrappers=[wrappers.timeout(5)]",
        ("timeout=5", "wrappers=[wrappers.timeout(5)]"),
    ),
    row(
        'freestyle("JOB", timeout_minutes="30")',
        2,
        "no argument 'timeout_minutes'",
        "write wrappers=[wrappers.timeout(30)]",
        ('timeout_minutes="30"', "wrappers=[wrappers.timeout(30)]"),
    ),
    row(
        'pipeline("JOB", script="x", timeout=5)',
        2,
        "no argument 'timeout'",
        "leave timeout= out: the Pipeline's script defines it",
        (", timeout=5", ""),
    ),
    row(
        'freestyle("JOB", cron="H 4 * * *")',
        2,
        "no argument 'cron'",
        "write triggers=[triggers.cron('H 4 * * *')]",
        ('cron="H 4 * * *"', "triggers=[triggers.cron('H 4 * * *')]"),
    ),
    row(
        'pipeline("JOB", script="x", schedule="@daily")',
        2,
        "no argument 'schedule'",
        "write triggers=[triggers.cron('@daily')]",
        ('schedule="@daily"', "triggers=[triggers.cron('@daily')]"),
    ),
    row(
        'freestyle("JOB", cron="@daily", triggers=[triggers.poll_scm("@hourly")])',
        2,
        "no argument 'cron'",
        "add triggers.cron('@daily') to triggers=",
        ('cron="@daily", ', ""),
        ("triggers=[", "triggers=[triggers.cron('@daily'), "),
    ),
    row(
        'freestyle("JOB", git="https://x/y")',
        2,
        "no argument 'git'",
        "write scm=scm.git('https://x/y')",
        ('git="https://x/y"', "scm=scm.git('https://x/y')"),
    ),
    row(
        'multibranch("JOB", git="https://x/y")',
        2,
        "no argument 'git'",
        "write sources=[sources.git('https://x/y')]",
        ('git="https://x/y"', "sources=[sources.git('https://x/y')]"),
    ),
    row(
        'freestyle("JOB", git="https://x/y", scm=scm.git("https://x/y"))',
        2,
        "no argument 'git'",
        "leave one of scm= and git= out",
        ('git="https://x/y", ', ""),
    ),
    row(
        'freestyle("JOB", enabled=False)',
        2,
        "no argument 'enabled'",
        "write disabled=True",
        ("enabled=False", "disabled=True"),
    ),
    row(
        'pipeline("JOB", script="x", enabled=True)',
        2,
        "no argument 'enabled'",
        "write disabled=False",
        ("enabled=True", "disabled=False"),
    ),
    row(
        'freestyle("JOB", enabled="no")',
        2,
        "no argument 'enabled'",
        "write disabled=True or disabled=False",
        ('enabled="no"', "disabled=True"),
    ),
    row(
        'pipeline("JOB", script="x", disable_concurrent_builds=True)',
        2,
        "no argument 'disable_concurrent_builds'",
        "write concurrent=False",
        ("disable_concurrent_builds=True", "concurrent=False"),
    ),
    row(
        'freestyle("JOB", days_to_keep=7)',
        2,
        "no argument 'days_to_keep'",
        "write keep=misc.keep(days=7)",
        ("days_to_keep=7", "keep=misc.keep(days=7)"),
    ),
    row('freestyle("JOB", num_to_keep=7)', 2, "no argument 'num_to_keep'", '"keep"', ("num_to_keep", "keep")),
    row(
        'freestyle("JOB", command="make")',
        2,
        "no argument 'command'",
        "write steps=[steps.shell('make')]",
        ('command="make"', "steps=[steps.shell('make')]"),
    ),
    row(
        'freestyle("JOB", junit="*.xml")',
        2,
        "no argument 'junit'",
        "write publishers=[publish.junit('*.xml')]",
        ('junit="*.xml"', "publishers=[publish.junit('*.xml')]"),
    ),
    row(
        'freestyle("JOB", timestamps=True)',
        2,
        "no argument 'timestamps'",
        "write wrappers=[wrappers.timestamps()]",
        ("timestamps=True", "wrappers=[wrappers.timestamps()]"),
    ),
    row(
        'folder("JOB").freestyle("x")',
        2,
        "'folder' object has no attribute 'freestyle'",
        "put it into a block: with folder(...): and below it freestyle(...)",
        ('folder("JOB").freestyle("x")', 'with folder("JOB"):\n    freestyle("x")'),
    ),
    row(
        'freestyle("JOB", wrappers=[wrappers.timestamps(zzzzzz=1)])',
        2,
        "wrappers.timestamps has no argument 'zzzzzz'",
        "it has no other",
        ("zzzzzz=1", ""),
    ),
    row('freestyle("JOB", label="linux")', 2, "has no argument 'label'", '"agent"', ("label=", "agent=")),
    row('freestyle("JOB", node="linux")', 2, "has no argument 'node'", '"agent"', ("node=", "agent=")),
    row('freestyle("JOB", builders=[])', 2, "no argument 'builders'", '"steps"', ("builders", "steps")),
    row('freestyle("JOB", stepz=[])', 2, "no argument 'stepz'", 'mean "steps"', ("stepz", "steps")),
    row(
        'freestyle("JOB", buildWrappers=[])',
        2,
        "'buildWrappers'",
        '"wrappers"',
        ("buildWrappers", "wrappers"),
    ),
    row(
        'freestyle("JOB", script="x")',
        2,
        "no argument 'script'",
        "pipeline takes it",
        ("freestyle", "pipeline"),
    ),
    row(
        'pipeline("JOB", script="x", steps=[])',
        2,
        "argument 'steps'",
        "freestyle takes it",
        (", steps=[]", ""),
        ("pipeline", "freestyle"),
        ('script="x"', "steps=[]"),
    ),
    row('freestyle("JOB", nam="x")', 2, "no argument 'nam'", "description", ("nam=", "description=")),
    row(
        'freestyle("JOB", "a text")',
        2,
        "takes 1 argument without",
        "description",
        ('"a text"', 'description="a text"'),
    ),
    row(
        'steps.shell("make", comand="x")',
        2,
        "no argument 'comand'",
        "unstable_return",
        (', comand="x"', ""),
        ("steps.shell", 'freestyle("JOB").steps.append(steps.shell'),
        ('"make")', '"make"))'),
    ),
    row(
        'freestyle("JOB", name="x")',
        2,
        "multiple values for argument 'name'",
        "remove name=",
        (', name="x"', ""),
    ),
    row('freestyle("")', 2, "not an empty text", "give it a name", ('""', '"JOB"')),
    row(
        'freestyle("JOB", steps=[element("hudson.tasks.Shell", _text="a", command="make")])',
        2,
        "_text='a' stands next to other content",
        "leave out _text, or the members and fields",
        ('_text="a", ', ""),
    ),
    row(
        'freestyle("JOB", extra={"displayName": node(_text=None)})',
        2,
        "_text takes text, not None",
        "write it in quotes",
        ("None", '"None"'),
    ),
    row('freestyle("a//JOB")', 2, "the name 'a//JOB' cannot be used", "single slashes", ("a//JOB", "JOB")),
    row(
        'job = freestyle("JOB")\njob.name = "other-JOB"',
        3,
        "its name cannot be changed",
        "where the item is made: freestyle('other-JOB'",
        ('"JOB")\njob.name = "other-JOB"', '"other-JOB")'),
    ),
    row(
        'job = freestyle("JOB")\njob.step = []',
        3,
        "has no field 'step'",
        '"steps"',
        ("job.step =", "job.steps ="),
    ),
    row(
        'job = freestyle("JOB")\njob.zzz = []',
        3,
        "has no field 'zzz'",
        "it has: renamed_from",
        ("\njob.zzz = []", ""),
    ),
    row(
        'pipeline("JOB", script="x", scm=scm.git("https://x/y"))',
        2,
        "both script= and scm=",
        "leave one of them out",
        ('script="x", ', ""),
    ),
    row(
        'with folder("JOB"):\n    pass\nwith folder("JOB"):\n    freestyle("x")',
        4,
        "is defined twice",
        "inside",
        ('\nwith folder("JOB"):\n    f', '\nwith inside("JOB"):\n    f'),
    ),
    row('freestyle("JOB")\nfreestyle("JOB")', 3, "is defined twice", "remove it", ('\nfreestyle("JOB")', "")),
    row(
        'shell = steps.shell("make")\nshell.command = "x"\nfreestyle("JOB", steps=[shell])',
        3,
        "cannot be changed",
        ".but(field=value)",
        ('shell.command = "x"', 'shell = shell.but(command="x")'),
    ),
    row(
        'freestyle("JOB", wrappers=[wrappers.timeout(minutes=5, idle_seconds=60)])',
        2,
        "exclude each other",
        "leave all but one out",
        (", idle_seconds=60", ""),
    ),
]

PARTS = [
    row(
        'job = freestyle("JOB", steps={"build": steps.shell("make")})\njob.steps.after("biuld", steps.shell("x"))',
        3,
        "no part named 'biuld'",
        '"build"',
        ("biuld", "build"),
    ),
    row(
        'job = freestyle("JOB", steps={"one": steps.shell("make")})\ndel job.steps["qqqqq"]',
        3,
        "no part named 'qqqqq'",
        "its parts: one",
        ("qqqqq", "one"),
    ),
    row(
        'job = freestyle("JOB", steps=[steps.shell("make")])\njob.steps.before("build", steps.shell("x"))',
        3,
        "no part named 'build'",
        "give them with a dict",
        ('[steps.shell("make")]', '{"build": steps.shell("make")}'),
    ),
    row(
        'job = freestyle("JOB", steps={"a": steps.shell("make")})\njob.steps.append({"a": steps.shell("x")})',
        3,
        "a part named 'a' already",
        "another name",
        ('append({"a"', 'append({"b"'),
    ),
    row(
        'job = freestyle("JOB", steps={"build": steps.shell("a")}, publishers={"build": publish.archive("x")})\njob.override(build=None)',
        3,
        "'build' means the part in publishers and the part in steps" if False else "'build' means",
        "job.steps['build'] = ...",
        ("job.override(build=None)", "job.steps['build'] = steps.shell('b')"),
    ),
    row(
        'job = freestyle("JOB", steps={"description": steps.shell("a")})\njob.override(description="x")',
        3,
        "means the field and the part in steps",
        "job.description = ...",
        ('job.override(description="x")', 'job.description = "x"'),
    ),
    row(
        'job = freestyle("JOB", steps={"one": steps.shell("a")})\njob.override(tow=None)',
        3,
        "has no part or field 'tow'",
        '"one"' if False else "",
        ("tow", "one"),
    ),
    row(
        'job = freestyle("JOB", steps={"one": steps.shell("a")})\njob.override(qqqqqq=None)',
        3,
        "no part or field 'qqqqqq'",
        "named parts: one",
        ("qqqqqq", "one"),
    ),
    row(
        'job = freestyle("JOB")\njob.override(qqqqqq=None)',
        3,
        "no part or field 'qqqqqq'",
        "give them with a dict",
        ('"JOB"', '"JOB", steps={"qqqqqq": steps.shell("make")}'),
    ),
    row(
        'job = freestyle("JOB")\njob.steps.append(publish.junit("x"))',
        3,
        "not publish.junit",
        "publishers=",
        ("job.steps", "job.publishers"),
    ),
]
