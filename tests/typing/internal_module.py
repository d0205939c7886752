from jobdsl import freestyle, steps

freestyle("x", steps=[steps.steps_tools.make("all")])  # error
