"""The policies of roles that setup makes: those of docs/delivery, for this account and these applications."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

__all__ = ["ROLE_POLICY_BYTES", "PolicyNames", "assumed_by", "policy", "size_of_policy"]

ROLE_POLICY_BYTES = 10_240
"""Characters of all inline policies of a role, without blanks (IAM and STS quotas)."""
_ACCOUNT, _APP, _BUCKET = "123456789012", re.compile(r"(?<![a-z])shop(?![a-z])"), "packages.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyNames:
    """What stands in a policy for the names of its examples."""

    account_id: str
    apps: Sequence[str] = ()
    bucket: str = ""
    baker: str = "baker"
    lock_table: str = "delivery-locks"
    history_table: str = "delivery-history"


def policy(document: str, names: PolicyNames) -> dict[str, Any]:
    """Return a policy of docs/delivery for these names; statements that are about nothing are left out."""
    text = (files("delivery.setup") / "policies" / f"{document}.json").read_text("utf-8")
    for example, name in (
        (_ACCOUNT, names.account_id),
        ("role/baker", f"role/{names.baker}"),
        ("table/delivery-locks", f"table/{names.lock_table}"),
        ("table/delivery-history", f"table/{names.history_table}"),
    ):
        text = text.replace(example, name)
    policy: dict[str, Any] = json.loads(text)
    statements = []
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else resources
        filled = [each for resource in resources for each in _filled(resource, names)]
        if filled:
            statements.append({**statement, "Resource": filled[0] if len(filled) == 1 else filled})
    return {**policy, "Statement": statements}


def _filled(resource: str, names: PolicyNames) -> list[str]:
    """Put names into an ARN: one that names an application is there for each, one of nothing is not."""
    if resource.endswith("table/none") or (_BUCKET in resource and not names.bucket):
        return []
    resource = resource.replace(_BUCKET, names.bucket)
    if not _APP.search(resource):
        return [resource]
    return [_APP.sub(app, resource) for app in names.apps]


def size_of_policy(policy: Any) -> int:
    """Count the characters of a policy as IAM does: without blanks."""
    return len(json.dumps(policy, separators=(",", ":")))


def assumed_by(principal: dict[str, Any]) -> dict[str, Any]:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
