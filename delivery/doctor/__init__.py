"""`delivery doctor`: everything a bake and a deploy need, checked at once; nothing is changed.

`judge` is pure: what AWS describes in, problems out. `account_checks` and `app_checks` read from AWS for it,
and run the checks that bakes and deploys make themselves; `checkup` runs them all.
"""
