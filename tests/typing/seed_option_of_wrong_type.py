from jobdsl.seed_jobs import seed

seed(repo="https://git.example.com/jobs.git", timeout_minutes="30")  # error
