from jobdsl import freestyle, wrappers

freestyle("x", wrappers=[wrappers.timestamps])  # error
