"""Bake and deploy on AWS: what the job templates run, and anybody may run by hand.

The command is `delivery`; the modules under it import boto3 only when they talk to AWS.
"""

import sys

if (
    sys.argv[:1] == ["-m"]
    and not sys.flags.safe_path
    and {"delivery", "-mdelivery"} & {argument.partition(".")[0] for argument in sys.orig_argv}
):
    del sys.path[0]  # `python -m delivery`: no module of the current directory stands in for one of ours
