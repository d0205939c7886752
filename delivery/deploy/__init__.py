"""Deploys: the next group of a cluster, traffic to it once it is healthy, the old one kept for a rollback.

All that a run knows stands in tags on the groups (`delivery.tags`), so any other run can go on from there:

    model      a cluster as groups, read from AWS by `reading`          (pure)
    plan       a strategy as named steps, each shown before it is done   (pure)
    begin      what a new deploy is: checks, sizes, the group it makes
    machine    does the steps that are left
    rollback   traffic back to the old group, whatever has happened; rollback_target chooses to which
"""
