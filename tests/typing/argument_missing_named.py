from jobdsl import params

params.choice("TARGET")  # error
