from jobdsl import freestyle

freestyle("x").descripton = "Nightly"  # error
