"""Names that are not there, and mistakes of Python itself: see mistakes.py."""

from __future__ import annotations

from mistakes import row

__all__ = ["NAMES", "PYTHON"]

NAMES = [
    row(
        'freestyle("JOB", steps=[steps.junit("x.xml")])',
        2,
        "no attribute 'junit'",
        "publish.junit for publishers=",
        ("steps=[steps", "publishers=[publish"),
    ),
    row(
        'freestyle("JOB", triggers=[wrappers.cron("H 4 * * *")])',
        2,
        "no attribute 'cron'",
        "triggers.cron",
        ("wrappers.cron", "triggers.cron"),
    ),
    row(
        'freestyle("JOB", steps=[steps.shel("x")])', 2, "no attribute 'shel'", '"shell"', ("shel(", "shell(")
    ),
    row(
        'freestyle("JOB", steps=[steps.timestamp("x")])',
        2,
        "no attribute 'timestamp'",
        "wrappers.timestamps",
        ('steps=[steps.timestamp("x")]', "wrappers=[wrappers.timestamps()]"),
    ),
    row(
        'freestyle("JOB", steps=[shell("x")])',
        2,
        "name 'shell' is not defined",
        "steps.shell",
        ("[shell", "[steps.shell"),
    ),
    row(
        'freestyle("JOB", steps=[junit("x")])',
        2,
        "name 'junit' is not defined",
        "publish.junit for publishers=",
        ("steps=[junit", "publishers=[publish.junit"),
    ),
    row('freestyle("JOB", concurrent=true)', 2, "name 'true'", "Python writes it True", ("true", "True")),
    row(
        'freestyle("JOB", concurrent=false)', 2, "name 'false'", "Python writes it False", ("false", "False")
    ),
    row('freestyle("JOB", description=null)', 2, "name 'null'", "Python writes it None", ("null", "None")),
    row(
        'freestyle("JOB", steps=[steps.shell(f"echo ${HOME}")])',
        2,
        "name 'HOME'",
        "${{HOME}}",
        ("${HOME}", "${{HOME}}"),
    ),
    row(
        'freestyle("JOB", steps=[steps.shell(f"awk \'{print $1}\'")])',
        2,
        "SyntaxError",
        "in an f-string",
        ("{print $1}", "{{print $1}}"),
    ),
    row(
        'del freestyle\nfreestyle("JOB")',
        3,
        "name 'freestyle'",
        "from jobdsl import freestyle",
        ("del freestyle", "from jobdsl import freestyle"),
    ),
    row(
        'del pipeline\npipelin("JOB", script="x")',
        3,
        "name 'pipelin'",
        "from jobdsl import pipeline, and write pipeline",
        ("del pipeline", "from jobdsl import pipeline"),
        ("pipelin(", "pipeline("),
    ),
    row(
        'names = ["JOB"]\nfor one in nams:\n    freestyle(one)',
        3,
        "name 'nams'",
        '"names"',
        ("nams", "names"),
    ),
    row('freestyle("JOB", description=pront(1))', 2, "name 'pront'", '"print"', ("pront(1)", "str(1)")),
    row(
        'agent_pool("JOB", max_agents=1)',
        2,
        "name 'agent_pool'",
        "from dynaslave import agent_pool",
        ("agent_pool", "from dynaslave import agent_pool\nagent_pool"),
    ),
    row(
        "from jobdsl.steps import shell\nfreestyle('JOB', steps=[shell('x')])",
        2,
        "No module named 'jobdsl.steps'",
        "from jobdsl import steps",
        ("from jobdsl.steps import shell", "from jobdsl import steps"),
        ("[shell", "[steps.shell"),
    ),
    row(
        "import jobdsl.publish\nfreestyle('JOB')",
        2,
        "No module named 'jobdsl.publish'",
        "from jobdsl import publish",
        ("import jobdsl.publish", "from jobdsl import publish"),
    ),
    row(
        "from jobdsl.templats import library\nfreestyle('JOB')",
        2,
        "No module named",
        '"jobdsl.templates"',
        ("templats", "templates"),
    ),
    row(
        "import jobdsl.qqqqqq\nfreestyle('JOB')",
        2,
        "No module named",
        "from jobdsl import steps, scm",
        ("import jobdsl.qqqqqq", "from jobdsl import steps, scm"),
    ),
    row(
        "import jobdsl.stepz\nfreestyle('JOB')",
        2,
        "No module named",
        "from jobdsl import steps",
        ("import jobdsl.stepz", "from jobdsl import steps"),
    ),
    row(
        "from jobdsl import shell\nfreestyle('JOB', steps=[shell('x')])",
        2,
        "cannot import name 'shell'",
        "steps.shell",
        ("import shell", "import steps"),
        ("[shell", "[steps.shell"),
    ),
    row(
        "from jobdsl import freestile\nfreestile('JOB')",
        2,
        "cannot import name 'freestile'",
        '"freestyle"',
        ("import freestile\nfreestile", "import freestyle\nfreestyle"),
    ),
    row(
        "from jobdsl import agent_pool\nagent_pool('JOB', max_agents=1)",
        2,
        "cannot import name 'agent_pool'",
        "from dynaslave import agent_pool",
        ("from jobdsl", "from dynaslave"),
    ),
    row("import jobdls\nfreestyle('JOB')", 2, "No module named 'jobdls'", '"jobdsl"', ("jobdls", "jobdsl")),
    row(
        "from . import helper\nhelper.make('JOB')",
        2,
        "relative import",
        "from the estate's root",
        ("from . import helper", "import helper"),
    ),
    row("from helpr import make\nmake('JOB')", 2, "No module named 'helpr'", '"helper"', ("helpr", "helper")),
    row(
        "from helper import mak\nmak('JOB')",
        2,
        "cannot import name 'mak'",
        '"make"',
        ("import mak\nmak", "import make\nmake"),
    ),
    row(
        "import zzzzzz\nfreestyle('JOB')",
        2,
        "No module named 'zzzzzz'",
        "neither in the estate nor installed",
        ("import zzzzzz\n", ""),
    ),
    row(
        "from json import make\nmake('JOB')",
        2,
        "cannot import name 'make'",
        "means Python's own module",
        ("from json", "from helper"),
    ),
]

PYTHON = [
    row(
        'freestyle("JOB", steps=[steps("make")])',
        2,
        "'module' object is not callable",
        "steps.shell(...)",
        ('steps("make")', 'steps.shell("make")'),
    ),
    row(
        'number = 1\nfreestyle("JOB" + number)',
        3,
        "can only concatenate str",
        'f"...{value}"',
        ('"JOB" + number', 'f"JOB{number}"'),
    ),
    row(
        'STEPS = [steps.shell("a")]\nfreestyle("JOB", steps=STEPS + steps.shell("b"))',
        3,
        "",
        "put [ ] around",
        ('steps.shell("b")', '[steps.shell("b")]'),
    ),
    row(
        'def make():\n    freestyle("JOB")\njob = make()\njob.steps.append(steps.shell("x"))',
        5,
        "'NoneType' object has no attribute 'steps'",
        "does it return its job?",
        ("    freestyle", "    return freestyle"),
    ),
    row('freestyle("JOB")\nexit()', 3, "name 'exit'", "remove the call", ("\nexit()", "")),
    row(
        'raise SystemExit(1)\nfreestyle("JOB")',
        2,
        "calls exit",
        "remove the call",
        ("raise SystemExit(1)\n", ""),
    ),
    row('freestyle("JOB"\n', 2, "SyntaxError: '(' was never closed", "", ('"JOB"', '"JOB")')),
    row('freestyle("JOB" description="x")', 2, "SyntaxError", "", ('"JOB" d', '"JOB", d')),
    row('for name in ["JOB"]\n    freestyle(name)', 2, "SyntaxError: expected ':'", "", ('"]\n', '"]:\n')),
    row(
        'for name in ["JOB"]:\nfreestyle(name)', 3, "IndentationError", "", ("\nfreestyle", "\n    freestyle")
    ),
    row(
        'LIMITS = {"a": 1}\nfor name in ["a", "b"]:\n    freestyle(f"JOB-{name}", keep=LIMITS[name])',
        4,
        "KeyError: 'b'",
        "in the loop at name = 'b'",
        ('{"a": 1}', '{"a": 1, "b": 2}'),
    ),
    row(
        'import os\nfreestyle("JOB", description=os.environ.get("X", ""))',
        3,
        "reads the environment (X)",
        "put the value into the estate",
        ('os.environ.get("X", "")', '"x"'),
    ),
    row('freestyle("JOB")\nprint("hello")', 3, "the file prints", "goes nowhere", ('\nprint("hello")', "")),
    row(
        'open("out-JOB.txt", "w")\nfreestyle("JOB")',
        2,
        "the file writes",
        "let a job do this",
        ('open("out-JOB.txt", "w")\n', ""),
    ),
]
