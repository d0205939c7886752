"""`delivery setup`: what an account and an application need, as stacks of CloudFormation.

`app_stack` and `account_stack` are pure: settings and what exists in, a template out. `document` writes it as
YAML, `lookup` reads what exists, `stacks` makes and executes change sets, `commands` is the command line.
"""
