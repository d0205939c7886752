from jobdsl import freestyle

freestyle("x", steps=["make"])  # error
