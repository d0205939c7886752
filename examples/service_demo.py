"""A service from nothing to production: two lines, one command; a second version; a bad one; canaries.

    make demo

AWS and the controller are simulated, and nothing else: the jobs' steps are processes that check out, build,
and call `delivery`. What is said here has been checked before it is said: the exit code is 0 only if all of
it is true.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import demo_metrics
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
PROMPT = '#!/bin/sh\necho "hello, dear ${1:-world}"\n'
SLOWER = '#!/bin/sh\nsleep 0.010\necho "hello, dearest ${1:-world}"\n'
SHOWN = ("[   ", "Triggering", "Finished", "Rolled", "error", "  delivery", "  --")


class Demo:
    """One stack, five versions."""

    def __init__(self, stack: Stack, reports: Path) -> None:
        self.stack = stack
        self.reports = reports
        self.version = 0

    def run(self) -> None:
        """The story from its beginning."""
        self.first()
        self.second()
        self.bad()
        self.canaries()
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

    def canaries(self) -> None:
        """A good version is promoted by its metrics, and one that is slower rolled back."""
        title("4. Canaries that decide by their metrics")
        started = time.monotonic()
        if demo_metrics.LACKS_PROMETHEUS:
            say("There is no `prometheus` on this machine: a command reads the metrics instead.")
        with demo_metrics.metrics(self.stack.estate.parent / "prometheus", self.durations) as analysis:
            (self.stack.estate / "analysis.toml").write_text(analysis, "utf-8")
            lines = LINES.format(repo=str(self.stack.repo), more=f'analysis="analysis.toml", {MORE}')
            (self.stack.estate / "jobs.py").write_text(lines, "utf-8")
            say('One argument more, analysis="analysis.toml", which says what is compared:')
            print(indented(analysis))
            self.stack.apply()
            self.judged(PROMPT, "CHG103", "deployed")
            expect(self.stack.answers() == ["hello, dear world"] * 2, "the good version is promoted")
            say("As fast as the one before: promoted, by its metrics. The next one is slower by a fifth:")
            self.judged(SLOWER, "CHG104", "rolled back")
            expect(self.stack.answers() == ["hello, dear world"] * 2, "production is as it was")
            groups = self.stack.says("hello")
            expect(not any(name.endswith("-baseline") for name in groups), "no baseline is left")
        say("Healthy by every check, and slower by a fifth: rolled back by its metrics.")
        say(f"{time.monotonic() - started:.0f} seconds for both. The reports are kept:")
        for report in sorted(self.reports.glob("*.html")):
            print(f"  {report}")

    def judged(self, program: str, change_request: str, outcome: str) -> None:
        """A version gets to production as a canary that is judged."""
        self.stack.commit("Another greeting", hello=program)
        self.chain()
        done = self.deploy(change_request)
        expect(f'"outcome": "{outcome}"' in self.kept("hello-production"), f"the canary is {outcome}")
        (name,) = [name for name in done.artifacts if name.endswith(".html") and "-v" in name]
        (self.reports / Path(name).name).write_bytes(done.artifacts[name])

    def durations(self) -> dict[str, float]:
        """Seconds that a request takes, by group of production."""
        groups = self.stack.groups.describe_auto_scaling_groups()["AutoScalingGroups"]
        return {
            group["AutoScalingGroupName"]: demo_metrics.duration(
                self.stack.machines.program(group["Instances"][0]["InstanceId"])
            )
            for group in groups
            if group["Instances"] and group["AutoScalingGroupName"].startswith("hello-v")
        }

    def back(self) -> None:
        """A rollback by hand."""
        title("5. Back to the second version, by hand")
        done = self.stack.build("hello-rollback", REASON="it is too friendly", TO="hello-v001")
        print(shown(done))
        expect(done.result == "SUCCESS", "the rollback succeeds")
        expect(self.stack.answers() == ["hello again, world"] * 2, "production says hello again")
        say('Production answers "hello again, world" again: no machine had to be started.')

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
    reports = Path(tempfile.mkdtemp(prefix="jobdsl-demo-reports-"))
    with tempfile.TemporaryDirectory(prefix="jobdsl-demo-") as place, Stack(Path(place)) as stack:
        Demo(stack, reports).run()
    say(f"All of this took {time.monotonic() - started:.0f} seconds, and all of it was checked.")


if __name__ == "__main__":
    main()
