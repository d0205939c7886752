from jobdsl import folder, freestyle, publish, scm, steps, triggers

with folder("shop", description="The web shop"):
    for service in ["cart", "catalogue", "checkout"]:
        freestyle(
            service,
            scm=scm.git(f"https://git.example.com/shop/{service}.git", branch="main"),
            triggers=[triggers.poll_scm("H/5 * * * *")],
            steps=[steps.shell("make test")],
            publishers=[publish.junit("reports/*.xml")],
        )
