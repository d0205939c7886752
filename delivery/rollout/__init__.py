"""Deploys in waves: accounts, regions and clusters in order, each wave after the one before is good.

`places` are its targets, `progress` how far a rollout is, by tags, `images` copies the image before
anything is deployed, `runner` deploys, watches and rolls back, `record` keeps one record of all of it.
"""
