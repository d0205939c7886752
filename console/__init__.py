"""One page and one API over all three parts: what runs, what changed, and who may change it.

`collector` reads AWS in the background into a `snapshot`; `views` shapes what pages and API show; `api` and
`web` answer from it, and never wait for AWS. `security` says who asks and what they may; `steering` starts
jobs of Jenkins. Nothing else of the project imports this package.
"""
