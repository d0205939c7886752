"""Agents on EC2: the contract of a cloud on boto3. `provider.Ec2Provider` is the way in."""
