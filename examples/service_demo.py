"""A service from nothing to production: two lines, one command; a second version; a bad one.

    make demo

AWS and the controller are simulated, and nothing else: the jobs' steps are processes that check out, build,
and call `delivery`. What is said here has been checked before it is said: the exit code is 0 only if all of
it is true.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from demo_stack import Stack
from demo_support import expect, indented, say, title
from jobdsl.testing.builds import Build

LINES = """\
from jobdsl.templates import service
service("hello", repo={repo!r}, build="make", artifact="dist/*.tar.gz", {more})
"""
MORE = 'test_cluster="hello-test", settings="delivery.toml", tool="delivery"'
CHAIN = ("hello-main", "hello-bake", "hello-test")
SECOND = '#!/bin/sh\necho "hello again, ${1:-world}"\n'
BAD = '#!/bin/sh\ncat "$(dirname "$0")/greeting"\n'
SHOWN = ("[   ", "Triggering", "Finished", "Rolled", "error", "  delivery", "  --")


class Demo:
    """One stack, three versions."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.version = 0

    def run(self) -> None:
        """The story from its beginning."""
        self.first()
        self.second()
        self.bad()
        self.back()

    def first(self) -> None:
        """From nothing to production."""
        title("1. A new service: two lines, one command")
        text = LINES.format(repo=str(self.stack.repo), more=MORE)
        (self.stack.estate / "jobs.py").write_text(text, "utf-8")
        print(indented(text))
        started = time.monotonic()
        print("  $ jobdsl apply estate --yes")
        print(indented(self.stack.apply()))
        self.chain()
        took = time.monotonic() - started
        expect(self.stack.says("hello-test") == {"hello-test-v000": ["hello, world"] * 2}, "test says hello")
        say(f"It runs in test, {took:.0f} seconds after the command. Production requires a change request:")
        refused = self.deploy("")
        expect(refused.result == "FAILURE", "production refuses what has no change request")
        done = self.deploy("CHG100")
        expect(done.result == "SUCCESS", "the first version gets to production")
        expect(self.stack.answers() == ["hello, world"] * 2, "production says hello")
        say('Production answers "hello, world".')

    def second(self) -> None:
        """Red/black, and the old group stays."""
        title("2. The second version, red/black")
        self.stack.commit("It says hello again", hello=SECOND)
        self.chain()
        done = self.deploy("CHG101")
        expect(done.result == "SUCCESS", "the second version gets to production")
        expect(self.stack.answers() == ["hello again, world"] * 2, "production says hello again")
        both = {"hello-v000": ["hello, world"] * 2, "hello-v001": ["hello again, world"] * 2}
        expect(self.stack.says("hello") == both, "the old group is there, for a rollback")
        say('Production answers "hello again, world"; the old group is kept, without traffic.')

    def bad(self) -> None:
        """Good enough for its unit tests, but not for a machine."""
        title("3. A bad version")
        say("Its greeting is in a file that is in the repository, and not in the package:")
        self.stack.commit("Greetings are data", hello=BAD, greeting="hello, everybody\n")
        self.chain(ends="FAILURE")
        expect('"outcome": "rolled back"' in self.kept("hello-test"), "its health gate rolls it back")
        expect(self.stack.answers() == ["hello again, world"] * 2, "production is as it was")
        image = self.image()
        say(f"Rolled back in test by the health gate. Whoever wants {image} in production is refused:")
        refused = self.deploy("CHG102", image)
        expect(refused.result == "FAILURE", "what did not run in test does not get to production")
        expect(f"{image} has not run in test yet" in refused.console, "the refusal says why")
        expect(self.stack.answers() == ["hello again, world"] * 2, "production is still as it was")

    def back(self) -> None:
        """A rollback by hand."""
        title("4. Back to the first version, by hand")
        done = self.stack.build("hello-rollback", REASON="nobody wants to be greeted again", TO="")
        print(shown(done))
        expect(done.result == "SUCCESS", "the rollback succeeds")
        expect(self.stack.answers() == ["hello, world"] * 2, "production says hello")
        say('Production answers "hello, world" again: no machine had to be started.')

    # what it takes

    def chain(self, ends: str = "SUCCESS") -> None:
        """A push, and the builds that follow from it."""
        self.version += 1
        self.stack.push()
        for job in CHAIN:
            build = self.stack.wait(job, self.version)
            print(shown(build))
            wanted = ends if job == CHAIN[-1] else "SUCCESS"
            expect(build.result == wanted, f"{job} #{self.version} ends with {wanted}")

    def deploy(self, change_request: str, image: str = "") -> Build:
        """Somebody starts the job of production."""
        build = self.stack.build("hello-production", CHANGE_REQUEST=change_request, IMAGE=image)
        print(shown(build))
        return build

    def kept(self, job: str) -> str:
        """How the last deploy of a job ended, in its own words."""
        return self.stack.jenkins.builds(job)[-1].artifacts["deploy.json"].decode()

    def image(self) -> str:
        """The image that was baked last."""
        text = self.stack.jenkins.builds("hello-bake")[-1].artifacts["bake.properties"].decode()
        return next(line.removeprefix("IMAGE=") for line in text.splitlines() if line.startswith("IMAGE="))


def shown(build: Build) -> str:
    """The lines of a build's log that tell what it does."""
    lines = [line for line in build.console.splitlines() if line.startswith(SHOWN)]
    return indented("\n".join([f"{build.item.full_name} #{build.number}", *lines]))


def main() -> None:
    """Tell the story."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jobdsl-demo-") as place, Stack(Path(place)) as stack:
        Demo(stack).run()
    say(f"All of this took {time.monotonic() - started:.0f} seconds, and all of it was checked.")


if __name__ == "__main__":
    main()
