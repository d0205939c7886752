from jobdsl.templates import deploy

deploy("api-deploy", cluster="api", tool="delivery", acount="test")  # error
