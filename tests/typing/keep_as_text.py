from jobdsl import freestyle

freestyle("x", keep="10")  # error
