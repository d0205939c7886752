from jobdsl import freestyle, publish

freestyle("x", steps=[publish.junit("*.xml")])  # error
