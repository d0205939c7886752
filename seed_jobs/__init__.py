"""The seed job, written in the DSL itself."""

from jobdsl.seed_jobs.seed import seed

__all__ = ["seed"]
