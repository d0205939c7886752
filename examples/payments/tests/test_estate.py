"""What the payments team wants of its jobs, whatever the shared templates become: run it with `pytest`."""

from pathlib import Path

from jobdsl import steps
from jobdsl.testing import apply, problems
from shared.templates import service


def test_nothing_is_wrong(estate):
    assert problems(estate) == []


def test_every_job_runs_on_our_agents_and_publishes_its_tests(estate_documents):
    jobs = [document for document in estate_documents.values() if document.kind == "project"]
    assert jobs
    for job in jobs:
        assert job.text("assignedNode") in ("linux", "payments")
        assert "publishers/hudson.tasks.junit.JUnitResultArchiver" in job


def test_releases_are_kept(estate_documents):
    release = estate_documents["payments/release"]
    assert release.text("properties/jenkins.model.BuildDiscarderProperty/strategy/numToKeep") == "100"


def test_a_step_of_the_template_can_be_replaced():
    job = service("cart", repo="https://git.example.com/cart.git", check=steps.shell("./gradlew test"))
    assert job.steps["check"].command == "./gradlew test"


def test_the_documents_are_as_reviewed(estate_documents, golden_documents):
    golden_documents(estate_documents, Path(__file__).parent / "golden")


def test_a_first_run_makes_every_job_and_a_second_changes_nothing(
    estate, estate_documents, simulated_jenkins
):
    assert len(apply(estate, simulated_jenkins)["create"]) == len(estate_documents)
    assert apply(estate, simulated_jenkins) == {}
