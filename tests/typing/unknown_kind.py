import jobdsl

jobdsl.freestile("x")  # error
