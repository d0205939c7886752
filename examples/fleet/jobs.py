"""Services from their commits to production, and what keeps the accounts tidy."""

from jobdsl import folder, steps
from jobdsl.templates import (
    Stage,
    ami_cleanup,
    bake,
    bake_reaper,
    canary,
    delivery_options,
    deploy,
    group_cleanup,
    promote,
    resume,
    rollback,
    service,
)

GIT = "https://git.example.com/fleet"
DELIVERED = delivery_options(tool="delivery", settings="delivery.toml", agent="deployer", slack="#deploys")

with folder("fleet", description="What runs on machines of its own"):
    # services/hello is what such a service looks like.
    service("hello", repo=f"{GIT}/hello.git", build="make", artifact="dist/*.tar.gz", **DELIVERED)

    # A canary first; a smoke test; a part that one of the jobs has beside the standard ones.
    cart = service(
        "cart",
        repo=f"{GIT}/cart.git",
        build="gradle",
        artifact="build/distributions/*.deb",
        branches=["main", "release-1.4"],
        cluster="cart-eu",
        strategy="canary",
        smoke='curl --fail "http://${DELIVERY_ADDRESSES%% *}:8080/healthz"',
        **DELIVERED,
    )
    cart.bake.steps.before("bake", steps.shell("./scan package"))

    # The same in one Pipeline.
    till = service(
        "till",
        repo=f"{GIT}/till.git",
        build="make",
        strategy="canary",
        as_pipeline=True,
        aws_credentials="deployer",
        **DELIVERED,
    )
    till.stages.before("bake", Stage("sign", "./sign dist/*.deb"))

    # One job at a time.
    test = {"account": "test", **DELIVERED}
    bake("proxy-bake", package="s3://fleet-packages/proxy_2.1-4_amd64.deb", then="proxy-deploy", **test)
    deploy("proxy-deploy", cluster="proxy", strategy="ramp", **test)
    canary("proxy-canary", cluster="proxy", **test)
    promote("proxy-promote", cluster="proxy", **test)
    rollback("proxy-rollback", cluster="proxy", **test)
    resume("proxy-resume", cluster="proxy", schedule="H/10 * * * *", **test)

with folder("fleet-tidy", description="Nothing stays that nobody needs"):
    for account in ["test", "production"]:
        there = {**DELIVERED, "account": account}
        bake_reaper(f"bake-reaper-{account}", **there)
        ami_cleanup(f"ami-cleanup-{account}", **there)
        group_cleanup(f"group-cleanup-{account}", **there)
