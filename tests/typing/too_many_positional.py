from jobdsl import steps

steps.shell("make", "test")  # error
