from jobdsl import freestyle

freestyle("x").description = 3  # error
