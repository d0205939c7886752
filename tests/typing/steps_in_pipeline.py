from jobdsl import pipeline, steps

pipeline("x", steps=[steps.shell("make")])  # error
