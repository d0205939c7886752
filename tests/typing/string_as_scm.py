from jobdsl import freestyle

freestyle("x", scm="https://example.com/app.git")  # error
