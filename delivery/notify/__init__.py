"""Recipients of notifications of the begin, the decision and the end of a deploy, and markers for dashboards.

`event` is what is reported, `senders` has one small class for each service, `secrets` reads what they need to
log in, `notifier` sends in the background: whatever a service does, the deploy goes on.
"""
