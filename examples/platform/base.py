"""The platform team's own jobs, and the ways out where there is no typed element."""

from jobdsl import element, folder, freestyle, list_view, pipeline, publish, read_file, steps, triggers
from shared.parts import guards, make
from shared.templates import build, compatibility, library

with folder("platform", description="What every team builds on"):
    for name in ["logging", "metrics", "tracing"]:
        library(name, team="platform")

    compatibility(
        "client-compatibility", systems=["linux", "windows", "macos"], pythons=["3.11", "3.12", "3.13"]
    )

    # Parts of a template are replaced by name, taken away with None, and others put beside them.
    command = build("cli", "go", team="platform", renamed_from="platform/cli-build", vet=None)
    command.steps.after("test", *make("docs").values())

    # Built once whenever its definition changes.
    pipeline(
        "images",
        description="Base images of all services",
        queue=True,
        script=read_file("scripts/images.Jenkinsfile"),
        triggers=[triggers.cron("@weekly")],
        concurrent=False,
        keep=20,
    )

    report = freestyle(
        "nightly-report",
        triggers=[triggers.cron("TZ=Europe/Berlin\nH 5 * * *")],
        wrappers=guards(),
        steps=[steps.shell(read_file("scripts/nightly-report.sh"))],
        publishers=[publish.archive("report.html")],
        # Any element by its class and the names of its fields, also of a plugin nobody has typed yet.
        properties=[
            element("com.sonyericsson.rebuild.RebuildSettings", autoRebuild=False, rebuildDisabled=True)
        ],
    )
    # Any node of the finished document.
    report.patch("publishers/hudson.tasks.ArtifactArchiver/onlyIfSuccessful", True)

list_view("Platform", jobs=["platform", "shop"], recurse=True, regex="platform/.*")
