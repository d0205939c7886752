"""Builds of a web shop: a few lines a service, whatever it is built with."""

from jobdsl import folder, publish, steps
from jobdsl.templates import build_options, library, webapp

GIT = "https://git.example.com/store"
PUBLISHED = build_options(
    repository="https://artifacts.example.com/store", repository_credentials="artifacts"
)

with folder("store", description="The web shop"):
    # Ant and Ivy: services/ holds what such a library and such a web application look like.
    library("money", repo=f"{GIT}/money.git", build="ant", **PUBLISHED)
    webapp("shop", repo=f"{GIT}/shop.git", build="ant", **PUBLISHED, pull_requests=False, release=False)

    # Several branches; a part that only one of them has.
    api = webapp(
        "api",
        repo="git@github.com:example/api.git",
        git_credentials="github",
        build="gradle",
        branches=["main", "release-1.4"],
        slack="#store-builds",
        agent="linux && docker",
        **PUBLISHED,
    )
    api["main"].publishers.append(publish.mail("api@example.com"))
    api.release.disabled = True

    # Parts replaced, taken away, put beside others, in every job that has them.
    pages = webapp(
        "pages",
        repo="https://gitlab.example.com/store/pages.git",
        build="node",
        test="npm run test:ci",
        package=None,
        artifacts=publish.archive("site/**"),
        environment={"NODE_ENV": "production"},
    )
    for job in pages:
        job.steps.before("test", steps.shell("npm run lint"))

    library("prices", repo=f"{GIT}/prices.git", build="python", mail="prices@example.com", **PUBLISHED)
    library("rates", repo=f"{GIT}/rates.git", build="maven", **PUBLISHED)
    webapp("images", repo=f"{GIT}/images.git", build="make", poll="", timeout_minutes=15)
