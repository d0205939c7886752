from jobdsl import freestyle

freestyle("x", scm=3)  # error
