from jobdsl import freestyle, steps

freestyle("x", steps=[steps.shel("make")])  # error
