from jobdsl import freestyle, steps

freestyle("x", steps=[steps.shell(comand="make")])  # error
