"""The parser of Groovy itself, where Java and a jar of Groovy are to be had."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PLACES = (
    (Path(__file__).parents[2] / ".venv" / "groovy", "**/groovy-[0-9]*.jar"),
    (Path("/usr/share/java"), "groovy-all.jar"),
    (Path("/usr/share/java"), "groovy.jar"),
)
CHECK = """
import org.codehaus.groovy.control.*
args.each {
    def unit = new CompilationUnit()
    unit.addSource(new File(it))
    try { unit.compile(Phases.CONVERSION) }
    catch (CompilationFailedException wrong) { println "${it}: ${wrong.message}" }
}
"""


def jar() -> Path:
    """The jar of Groovy; skips the test where there is none."""
    if shutil.which("java") is None:
        pytest.skip("needs java")
    if named := os.environ.get("GROOVY_JAR"):
        return Path(named)
    found = [path for place, pattern in PLACES for path in sorted(place.glob(pattern))]
    if not found:
        pytest.skip("needs Groovy's jar: GROOVY_JAR, or what .ci/run unpacks into .venv/groovy")
    return found[0]


def complaints(scripts: dict[str, str], place: Path) -> str:
    """What the parser has to say of these scripts; all of them in one go, as Java is slow to start."""
    classpath = jar()
    (place / "check.groovy").write_text(CHECK, "utf-8")
    files = []
    for name, text in scripts.items():
        files.append(place / f"{name}.groovy")
        files[-1].write_text(text, "utf-8")
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(classpath), "groovy.ui.GroovyMain"]
    done = subprocess.run(
        [*command, str(place / "check.groovy"), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr
