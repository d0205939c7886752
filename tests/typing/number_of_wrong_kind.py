from jobdsl import freestyle

freestyle("x", quiet_period=1.5)  # error
