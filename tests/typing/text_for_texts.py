from jobdsl import axes

axes.text("OS", "linux")  # error
