"""A folder for every team, a build and perhaps a deployment for every service of services.json."""

import json
from itertools import groupby

from jobdsl import folder, list_view, read_file, steps
from shared.templates import build, deploy

SERVICES = json.loads(read_file("services.json"))

for team, names in groupby(SERVICES, key=lambda name: SERVICES[name]["team"]):
    with folder(team, description=f"Services of team {team}"):
        for name in names:
            service = SERVICES[name]
            job = build(name, service["language"], team=team)
            if service["deploys"]:
                deploy(name, environments=["test", "production"])
            if service["language"] == "java":
                job.agent = "linux && docker && !arm64"
                job.steps.before("test", steps.shell("make dependency-check"))
        list_view("Deployments", regex=".*-deploy")
