from jobdsl import publish

publish.archive()  # error
