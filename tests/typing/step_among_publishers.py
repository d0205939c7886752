from jobdsl import freestyle, steps

freestyle("x", publishers=[steps.shell("make")])  # error
