"""Pyright, where it is installed: what it reports of files, and its language server as an editor uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[2]


def program(name: str) -> str:
    """Find a program of pyright: on the path, or in the virtual environment. Skips the test without."""
    own = Path(sys.prefix) / "pyright" / "node_modules" / ".bin"
    found = shutil.which(name, path=f"{own}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("needs pyright: `npm install --prefix .venv/pyright pyright`")
    return found


def installed(place: Path) -> Path:
    """Lay the packages out as a wheel does: templates and the seed job are parts of `jobdsl`."""
    package = place / "jobdsl"
    package.mkdir()
    for path in (ROOT / "jobdsl").iterdir():
        (package / path.name).symlink_to(path)
    for folder in ("seed_jobs", "templates"):
        (package / folder).symlink_to(ROOT / folder)
    return place


def reports(place: Path, *roots: Path) -> dict[tuple[str, int], list[str]]:
    """Run pyright over copies of folders; return its errors by file and line, each file below its folder's name."""
    for root in roots:
        shutil.copytree(root, place / root.name)
    config = {
        "include": [root.name for root in roots],
        "executionEnvironments": [{"root": root.name, "extraPaths": ["."]} for root in roots],
        "pythonVersion": "3.11",
    }
    (place / "pyrightconfig.json").write_text(json.dumps(config), "utf-8")
    command = [program("pyright"), "--outputjson", "--pythonpath", sys.executable, "-p", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    errors: dict[tuple[str, int], list[str]] = {}
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] > 0
    for report in answer["generalDiagnostics"]:
        name = Path(report["file"]).relative_to(place).as_posix()
        errors.setdefault((name, report["range"]["start"]["line"] + 1), []).append(report["message"])
    return errors


class Editor:
    """A language server and one file that is open in it."""

    def __init__(self, place: Path) -> None:
        self.file = (place / "jobs.py").as_uri()
        self.numbers = count(1)
        self.process = subprocess.Popen(
            [program("pyright-langserver"), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        folders = [{"uri": place.as_uri(), "name": "estate"}]
        capabilities = {"workspace": {"configuration": True, "workspaceFolders": True}}
        about = {"processId": None, "rootUri": place.as_uri(), "capabilities": capabilities}
        self.ask("initialize", {**about, "workspaceFolders": folders})
        self._send({"method": "initialized", "params": {}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def open(self, text: str) -> None:
        """Show the server a file."""
        document = {"uri": self.file, "languageId": "python", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def at(self, method: str, line: int, column: int, **more: Any) -> Any:
        """Ask about a position in the file; lines and columns count from 0."""
        position = {"line": line, "character": column}
        return self.ask(
            f"textDocument/{method}", {"textDocument": {"uri": self.file}, "position": position, **more}
        )

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a request and return its result; requests of the server are answered on the way."""
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": self._setting(message)})
            elif message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def _setting(self, message: Mapping[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        return [
            {"pythonPath": sys.executable} if item.get("section") == "python" else {}
            for item in message["params"]["items"]
        ]

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while header := self.process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message
