"""Everything the payments team builds."""

from jobdsl import folder, freestyle, list_view, params, pipeline, publish, scm, steps, triggers
from shared.templates import service

REPO = "https://git.example.com/payments/api.git"

with folder("payments", description="Card and wallet services"):
    for branch in ["main", "release-1.4"]:
        api = service(f"api-{branch}", repo=REPO, branch=branch)
        api.publishers.append(publish.mail("payments-builds@example.com"))

    service(
        "wallet",
        repo="https://git.example.com/payments/wallet.git",
        check=steps.shell("./gradlew check pitest"),
    )

    for database in ["postgres", "mysql"]:
        freestyle(
            f"api-it-{database}",
            scm=scm.git(REPO, branch="main", credentials="payments-git"),
            triggers=[triggers.poll_scm("H/15 * * * *")],
            steps=[steps.shell(f"./gradlew integrationTest -Pdatabase={database}")],
            publishers=[publish.junit("build/test-results/**/*.xml")],
            agent="payments",
        )

    pipeline(
        "release",
        description="Tags, signs and publishes a version",
        parameters=[params.string("VERSION", description="Version to release, e.g. 1.4.2")],
        scm=scm.git(REPO, branch="main", credentials="payments-git"),
        script_path="jenkins/release.Jenkinsfile",
        concurrent=False,
        keep=100,
    )

    list_view("Integration tests", regex="api-it-.*")
