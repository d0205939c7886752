from jobdsl import steps

steps.shell("make").command = "make all"  # error
