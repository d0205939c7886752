from jobdsl import publish

publish.archive("dist/*", allow_empty="yes")  # error
