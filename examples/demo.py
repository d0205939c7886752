"""The main job on a simulated controller: the seed job, what it makes, one edit, a second and a third run.

    make demo

With JENKINS_URL set it runs on that controller instead: see `demo_controller.py`.

Only the controller is simulated. The estate is a git repository, `jobdsl bootstrap` creates the seed job
over HTTP, and its builds are processes that check out, lint, plan and apply. What is said here has been
checked before it is said: the exit code is 0 only if all of it is true.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import requests

import demo_controller
from demo_support import (
    AFTER,
    BEFORE,
    ESTATE,
    JOBDSL,
    TEMPLATE,
    USED,
    expect,
    git,
    indented,
    lines_of,
    make_repository,
    say,
    shell,
    shortened,
    title,
)
from jobdsl.testing import SimulatedJenkins, render

SEED = "jobdsl-seed"
PATIENCE = 60.0
"""Seconds a build of the seed job may take."""
PERMISSIONS = {
    "hudson.model.Hudson.Read",
    "hudson.model.Hudson.SystemRead",
    *(f"hudson.model.Item.{may}" for may in ("Read", "Create", "Configure", "Build")),
    *(f"hudson.model.View.{may}" for may in ("Read", "Create", "Configure", "Delete")),
}
"""All the seed's user may do; docs/seed.md says what for."""
QUIET = 6.0
"""Seconds after which a build has left its quiet period."""


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
        seed = self.jenkins.add_user("seed", permissions=PERMISSIONS)
        self.jenkins.add_credentials(SEED, username=seed.name, password=seed.token)
        say(f"A simulated controller, {self.jenkins.url}, and an estate of a few files in git:")
        shell("git", "-C", str(self.repository), "ls-files")
        options = ["--repo", str(self.repository), "--tool", str(JOBDSL), "--seed-name", "platform", "--yes"]
        login = {"JENKINS_USER": self.jenkins.user, "JENKINS_TOKEN": self.jenkins.token}
        shell("jobdsl", "bootstrap", "--url", self.jenkins.url, *options, **login)
        expect(list(self.jenkins.items) == [SEED], "the seed job, and nothing else, is on the controller")

    def first_run(self) -> None:
        """Its first build creates everything."""
        title("2. Its first build creates every job")
        self.build()
        made = self.documents()
        defined = render(self.repository)
        expect(len(made) > 0 and made.keys() <= defined.keys(), "every job was defined by the estate")
        views = len(defined) - len(made)
        say(f"{len(made)} jobs and folders, and {views} views, from {lines_of(ESTATE)} lines of Python.")

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
        say(f"{len(changed)} of {len(after)} changed: exactly those the template makes.")

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
        said = self.get(f"git/notifyCommit?url={self.repository}")
        expect(SEED in said.text, "the webhook schedules the seed job")

    def build(self) -> None:
        """Wait for the next build of the seed job, show its log, and look at what it published."""
        self.builds += 1
        self.clock.skipped += QUIET
        build = self.jenkins.wait_for_build(SEED, self.builds, PATIENCE)
        print(indented(shortened(build.console)))
        expect(build.result == "SUCCESS", f"build #{self.builds} of {SEED} succeeds")
        pages = f"job/{SEED}/{self.builds}"
        self.get(f"{pages}/artifact/jobdsl-report/plan.html")
        self.get(f"{pages}/artifact/jobdsl-report/plan.md")
        tests = self.get(f"{pages}/testReport/api/json").json()
        expect(tests["failCount"] == 0 < tests["passCount"], "lint found nothing")
        say(f"Kept with the build: plan.html, plan.md, and {tests['passCount']} passed checks of lint.")

    def get(self, path: str) -> requests.Response:
        """A page of the controller."""
        login = (self.jenkins.user, self.jenkins.token)
        answer = requests.get(f"{self.jenkins.url}/{path}", auth=login, timeout=10)
        expect(answer.status_code == 200, f"{path} is there")
        return answer


def main() -> None:
    """Tell the story."""
    if os.environ.get("JENKINS_URL"):
        demo_controller.main()
        return
    started, clock = time.monotonic(), SkippingClock()
    with tempfile.TemporaryDirectory(prefix="jobdsl-demo-") as place:
        repository = make_repository(Path(place) / "jobs")
        with SimulatedJenkins(clock=clock, run_steps=True) as jenkins:
            Demo(jenkins, clock, repository).run()
    say(f"All of this took {time.monotonic() - started:.0f} seconds, and all of it was checked.")


if __name__ == "__main__":
    main()
