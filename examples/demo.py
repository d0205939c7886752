"""The main job on a simulated controller: the seed job, what it makes, one edit, a second and a third run.

    make demo

Only the controller is simulated. The estate is a git repository, `jobdsl bootstrap` creates the seed job
over HTTP, and its builds are processes that check out, lint, plan and apply. What is said here has been
checked before it is said: the exit code is 0 only if all of it is true.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from jobdsl.testing import SimulatedJenkins

ESTATE = Path(__file__).parent / "platform"
JOBDSL = Path(sys.executable).with_name("jobdsl")
SEED = "jobdsl-seed"
TEMPLATE = "shared/templates.py"
BEFORE = "steps=make(*TARGETS[language]),"
AFTER = 'steps=make(*TARGETS[language], "scan"),'
USED = "make scan"
"""What the jobs of the edited template have in their documents, and no other job has."""
PATIENCE = 60.0
"""Seconds a build of the seed job may take."""


class SkippingClock:
    """The system's time, except that nobody has to wait for quiet periods."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.skipped


class Demo:
    """One controller, one repository, three builds."""

    def __init__(self, jenkins: SimulatedJenkins, clock: SkippingClock, repository: Path) -> None:
        self.jenkins = jenkins
        self.clock = clock
        self.repository = repository
        self.builds = 0

    def run(self) -> None:
        """The story from its beginning."""
        self.bootstrap()
        self.first_run()
        self.one_edit()
        self.nothing_to_do()

    def bootstrap(self) -> None:
        """The seed job, created as an administrator would."""
        title("1. The seed job")
        seed = self.jenkins.add_user("seed")
        self.jenkins.add_credentials(SEED, username=seed.name, password=seed.token)
        say(f"A simulated controller, {self.jenkins.url}, and an estate of a few files in git:")
        shell("git", "-C", str(self.repository), "ls-files")
        options = ["--repo", str(self.repository), "--tool", str(JOBDSL), "--yes"]
        login = {"JENKINS_USER": self.jenkins.user, "JENKINS_TOKEN": self.jenkins.token}
        shell("jobdsl", "bootstrap", "--url", self.jenkins.url, *options, **login)
        expect(list(self.jenkins.items) == [SEED], "the seed job, and nothing else, is on the controller")

    def first_run(self) -> None:
        """Its first build creates everything."""
        title("2. Its first build creates every job")
        self.build()
        made = self.documents()
        expect(len(made) > 20, "the estate's jobs are on the controller")
        say(f"{len(made)} jobs and folders, all from {lines_of(ESTATE)} lines of Python.")

    def one_edit(self) -> None:
        """A step is added to one template and pushed."""
        title("3. One edit to a template")
        before = self.documents()
        text = (self.repository / TEMPLATE).read_text("utf-8")
        expect(text.count(BEFORE) == 1, "the line to edit is in the template")
        (self.repository / TEMPLATE).write_text(text.replace(BEFORE, AFTER), "utf-8")
        shell("git", "-C", str(self.repository), "diff", "--unified=0", "--no-prefix")
        git(self.repository, "commit", "--all", "--message", "Scan everything that is built")
        say("A push calls the Git plugin's webhook, /git/notifyCommit, and the seed job runs again:\n")
        self.push()
        self.build()
        after = self.documents()
        changed = {name for name in after if after[name] != before.get(name)}
        users = {name for name in after if USED in after[name]}
        expect(before.keys() == after.keys(), "no job came or went")
        expect(changed == users and 0 < len(changed) < len(after), "exactly the template's jobs changed")
        say(
            f"{len(changed)} of {len(after)} changed: exactly those the template makes."
        )

    def nothing_to_do(self) -> None:
        """The same again."""
        title("4. A third run has nothing to do")
        before, sent = self.documents(), self.sent()
        self.push()
        self.build()
        expect(self.documents() == before, "every document is as it was")
        expect(self.sent() == sent, "nothing was sent to the controller but questions")
        say("Every document is as it was, and nothing was sent to the controller but questions.")

    # what it takes

    def documents(self) -> dict[str, str]:
        """The documents on the controller, the seed job's aside."""
        return {name: self.jenkins.config(name) for name in self.jenkins.items if name != SEED}

    def sent(self) -> int:
        """How many requests so far were made to change something."""
        return sum(one.method != "GET" for one in self.jenkins.requests)

    def push(self) -> None:
        """Notify the controller as a git server does."""
        with urlopen(f"{self.jenkins.url}/git/notifyCommit?url={quote(str(self.repository))}") as answer:
            expect(SEED in answer.read().decode(), "the webhook schedules the seed job")

    def build(self) -> None:
        """Wait for the next build of the seed job, and show its log."""
        self.builds += 1
        deadline = time.monotonic() + PATIENCE
        while (found := self.jenkins.item(SEED).builds.get(self.builds)) is None or found.building:
            if found is None:
                self.clock.skipped += 1.0
            expect(time.monotonic() < deadline, f"build #{self.builds} of {SEED} ends in time")
            time.sleep(0.02)
            self.jenkins.tick()
        print(indented(found.console, "  | "))
        expect(found.result == "SUCCESS", f"build #{self.builds} of {SEED} succeeds")
        say(f"Its pages: {', '.join(self.pages())}")

    def pages(self) -> list[str]:
        """Addresses of what the last build keeps, each looked at."""
        base = f"{self.jenkins.url}/job/{SEED}/{self.builds}"
        pages = [f"{base}/artifact/jobdsl-report/plan.html", f"{base}/testReport/"]
        for page in pages:
            with urlopen(page) as answer:
                expect(answer.status == 200, f"{page} is there")
        return pages


def make_repository(place: Path) -> Path:
    """A git repository with the example estate."""
    shutil.copytree(ESTATE, place, ignore=shutil.ignore_patterns("__pycache__"))
    git(place, "init", "--initial-branch", "main")
    git(place, "add", "--all")
    git(place, "commit", "--message", "The platform's jobs")
    return place


def git(repository: Path, *words: str) -> None:
    """A git command that has nothing to say, under a name of its own and without the user's settings."""
    who = {f"GIT_{role}_{what}": f"demo{at}" for role in ("AUTHOR", "COMMITTER") for what, at in IDENTITY}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(repository), *words], env=environment, check=True, capture_output=True)


IDENTITY = (("NAME", ""), ("EMAIL", "@example.com"))


def shell(*words: str, **environment: str) -> None:
    """Show a command, run it, and show what it says."""
    print(f"  $ {shlex.join(words)}")
    path = f"{JOBDSL.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, env={**os.environ, **environment, "PATH": path}, check=False, text=True, stdout=-1, stderr=-2
    )
    print(indented(done.stdout, "  | "))
    expect(done.returncode == 0, f"{words[0]} succeeds")


def lines_of(estate: Path) -> int:
    """Lines of Python in an estate that are neither empty nor a comment."""
    lines = (line.strip() for path in estate.rglob("*.py") for line in path.read_text("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def expect(true: bool, what: str) -> None:
    """End the demo with an exit code other than 0 unless it is so."""
    if not true:
        raise SystemExit(f"The demo expected that {what}. It is not so.")


def title(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}\n")


def say(text: str) -> None:
    print(f"{text}\n")


def indented(text: str, by: str) -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


def main() -> None:
    """Tell the story."""
    started, clock = time.monotonic(), SkippingClock()
    with tempfile.TemporaryDirectory(prefix="jobdsl-demo-") as place:
        repository = make_repository(Path(place) / "jobs")
        with SimulatedJenkins(clock=clock, run_steps=True) as jenkins:
            Demo(jenkins, clock, repository).run()
    say(f"All of this took {time.monotonic() - started:.0f} seconds, and all of it was checked.")


if __name__ == "__main__":
    main()
