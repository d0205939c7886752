"""What both packages on AWS share; needs boto3, which comes with the extras `agents` and `delivery`."""
