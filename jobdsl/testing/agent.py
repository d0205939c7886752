"""`python -m jobdsl.testing.agent`: a stand-in for Jenkins' agent that dials in and runs shell steps here."""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import quote, urlsplit

from jobdsl.testing.build_spec import BuildSpec
from jobdsl.testing.build_steps import BuildOutcome, Stopper, perform

__all__ = ["AgentProcess", "main"]

_FLUSH_SECONDS = 0.2
"""How often the log is sent, and whether to stop is asked."""


class RejectedError(Exception):
    """The controller does not know the node, or the secret is another."""


class AgentProcess:
    """One agent process: dials in, takes builds one by one for each executor, and runs them."""

    def __init__(self, url: str, name: str, secret: str, directory: Path) -> None:
        self._address = urlsplit(url).netloc
        self._path = f"{urlsplit(url).path.rstrip('/')}/simulated-agent/{quote(name, safe='')}/"
        self._headers = {"X-Agent-Secret": secret, "Content-Type": "application/octet-stream"}
        self._directory = directory
        self._lost = threading.Event()

    def serve(self) -> None:
        """Be connected and work until the line is cut; raises RejectedError or OSError."""
        self._lost.clear()
        control = http.client.HTTPConnection(self._address, timeout=60)
        try:
            self._post(control, "connect")
            threads: list[threading.Thread] = []
            polling = http.client.HTTPConnection(self._address, timeout=60)
            while not self._lost.is_set():
                taken = self._post(polling, "take")
                if taken:
                    threads.append(
                        threading.Thread(target=self._build, args=(json.loads(taken),), daemon=True)
                    )
                    threads[-1].start()
        finally:
            self._lost.set()
            control.close()

    def _post(self, connection: http.client.HTTPConnection, endpoint: str, body: bytes = b"") -> bytes:
        connection.request("POST", self._path + endpoint, body, self._headers)
        response = connection.getresponse()
        data = response.read()
        if response.status >= 400:
            raise RejectedError(f"{endpoint}: HTTP {response.status}")
        return data

    def _build(self, taken: dict[str, object]) -> None:
        key = quote(str(taken["key"]), safe="")
        values = taken["work"]
        assert isinstance(values, dict)
        stopper, reporter = Stopper(), _Reporter(self, key)
        feeder = threading.Thread(target=reporter.feed, args=(stopper, self._lost), daemon=True)
        feeder.start()
        outcome = perform(BuildSpec.from_values(values), self._directory, reporter.add, stopper)
        reporter.finished.set()
        feeder.join()
        if not self._lost.is_set():
            self._report(key, outcome)

    def _report(self, key: str, outcome: BuildOutcome) -> None:
        body = {
            "result": outcome.result,
            "artifacts": {path: base64.b64encode(data).decode() for path, data in outcome.artifacts.items()},
            "reports": [base64.b64encode(data).decode() for data in outcome.reports],
            "commit": outcome.commit,
            "handed": outcome.handed,
        }
        self.send(f"done?key={key}", json.dumps(body).encode())

    def send(self, endpoint: str, body: bytes) -> bytes:
        """Send one request on a connection of its own. Returns an empty answer when the line is cut."""
        connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            return self._post(connection, endpoint, body)
        except (RejectedError, OSError, http.client.HTTPException):
            self._lost.set()
            return b""
        finally:
            connection.close()


class _Reporter:
    """Collects the log of one build and sends it on."""

    def __init__(self, agent: AgentProcess, key: str) -> None:
        self._agent = agent
        self._key = key
        self._pieces: list[str] = []
        self._lock = threading.Lock()
        self.finished = threading.Event()

    def add(self, text: str) -> None:
        """Another piece of the log."""
        with self._lock:
            self._pieces.append(text)

    def feed(self, stopper: Stopper, lost: threading.Event) -> None:
        """Send the log at short intervals until the build is over; stop the build on request."""
        last = False
        while not last and not lost.is_set():
            last = self.finished.wait(_FLUSH_SECONDS)
            with self._lock:
                pieces, self._pieces = self._pieces, []
            answer = self._agent.send(f"log?key={self._key}", "".join(pieces).encode())
            if not answer or json.loads(answer)["stop"]:
                stopper.stop()


def main() -> int:
    """Dial in again and again until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m jobdsl.testing.agent", description=__doc__)
    parser.add_argument("--url", required=True, help="URL of the simulated controller")
    parser.add_argument("--name", required=True, help="name of the node")
    parser.add_argument(
        "--secret", help="secret of the node, or @FILE; JENKINS_SECRET of the environment if left out"
    )
    parser.add_argument("--directory", type=Path, help="where workspaces go; a temporary one by default")
    parser.add_argument("--retry", type=float, default=10.0, help="seconds between attempts to dial in")
    options = parser.parse_args()
    secret = os.environ.pop("JENKINS_SECRET", "")  # builds inherit the environment
    if options.secret is not None:
        secret = options.secret
    if secret.startswith("@"):
        secret = Path(secret[1:]).read_text("utf-8").strip()
    with tempfile.TemporaryDirectory(prefix="simulated-agent-") as temporary:
        agent = AgentProcess(options.url, options.name, secret, options.directory or Path(temporary))
        pause = threading.Event()
        while True:
            try:
                agent.serve()
            except RejectedError as error:
                sys.stderr.write(f"reconnect rejected ({error}), sleeping {options.retry:g}s\n")
            except (OSError, http.client.HTTPException) as error:
                sys.stderr.write(f"connection lost ({error}), sleeping {options.retry:g}s\n")
            pause.wait(options.retry)


if __name__ == "__main__":
    sys.exit(main())
