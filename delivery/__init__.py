"""Bake and deploy on AWS: what the job templates run, and anybody may run by hand.

The command is `delivery`; the modules under it import boto3 only when they talk to AWS.
"""
