from jobdsl import freestyle, steps

freestyle("x", step=[steps.shell("make")])  # error
