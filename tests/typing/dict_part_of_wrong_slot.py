from jobdsl import freestyle, publish

freestyle("x", steps={"test": publish.junit("*.xml")})  # error
