from jobdsl.seed_jobs import seed

seed(repo="https://git.example.com/jobs.git", secret_file="estate")  # error
