"""Bake and deploy on AWS: the commands that the job templates run and that users run by hand.

The command is `delivery`; the modules under it import boto3 only when they call AWS.
"""

import sys

if (
    sys.argv[:1] == ["-m"]
    and not sys.flags.safe_path
    and {"delivery", "-mdelivery"} & {argument.partition(".")[0] for argument in sys.orig_argv}
):
    # `python -m delivery`: a module of the current directory must not replace one of the package.
    del sys.path[0]
