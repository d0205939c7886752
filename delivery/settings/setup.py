"""What `[accounts.NAME.setup]` of `delivery.toml` contains: what `delivery setup account` makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from delivery.settings import values
from jobdsl.settings.tomlread import checked, number

__all__ = [
    "MAKE",
    "MOST_CONDITIONS",
    "AccountSetup",
    "bad_health_path",
    "bad_hosts",
    "bad_log_days",
    "bad_paths",
    "bad_policies",
]

Names = tuple[str, ...]
MAKE = "make"
"""Word of a setting for which setup makes the resource."""
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+")
_HOST = re.compile(r"[A-Za-z0-9*?.-]{1,128}")
MOST_CONDITIONS = 5
"""Values in all conditions of a rule (ALB quotas, "Condition values per rule")."""
LOG_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Days that CloudWatch Logs keeps (PutRetentionPolicy)."""


def _bad_vpc(text: str) -> str:
    return "" if re.fullmatch(r"vpc-[0-9a-f]+", text) else 'must be an id as in "vpc-0123456789abcdef0"'


def _bad_arn(text: str) -> str:
    return "" if _ARN.fullmatch(text) else f"must be an ARN, not {text!r}"


def _bad_arns(arns: Names) -> str:
    return next(filter(None, map(_bad_arn, arns)), "")


def _bad_load_balancer(text: str) -> str:
    if text == MAKE or (_ARN.fullmatch(text) and ":listener/app/" in text):
        return ""
    return f'must be "{MAKE}" or the ARN of a listener of an Application Load Balancer, not {text!r}'


def _bad_email(text: str) -> str:
    return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else "must be an e-mail address"


def _bad_role_name(text: str) -> str:
    good = re.fullmatch(r"[A-Za-z0-9+=,.@_-]{1,64}", text)
    return "" if good else "must be a name of a role: letters, digits and +=,.@_-, at most 64"


def bad_hosts(hosts: Names) -> str:
    """Check host names of a listener's rule."""
    wrong = [host for host in hosts if not _HOST.fullmatch(host)]
    return f"must have names of hosts, not {wrong[0]!r}" if wrong else _too_many(hosts)


def bad_paths(paths: Names) -> str:
    """Check path patterns of a listener's rule."""
    wrong = [path for path in paths if not re.fullmatch(r"/\S{0,127}", path)]
    return f"must have paths that begin with /, not {wrong[0]!r}" if wrong else _too_many(paths)


def bad_health_path(text: str) -> str:
    """Check the path of a health check."""
    return "" if re.fullmatch(r"/\S{0,1023}", text) else f"must be a path that begins with /, not {text!r}"


def bad_policies(arns: Names) -> str:
    """Check ARNs of managed policies."""
    return _bad_arns(arns)


def bad_log_days(days: int) -> str:
    """Check a retention of CloudWatch Logs."""
    return "" if days == 0 or days in LOG_DAYS else f"must be 0 or one of {', '.join(map(str, LOG_DAYS))}"


def _too_many(entries: Names) -> str:
    return (
        f"has {len(entries)} entries; a rule takes {MOST_CONDITIONS}"
        if len(entries) > MOST_CONDITIONS
        else ""
    )


@dataclass(frozen=True, slots=True)
class AccountSetup:
    """`[accounts.NAME.setup]`: what `delivery setup account` makes, and what it takes as it is."""

    agents: tuple[str, ...] = checked((), _bad_arns)
    """ARNs that may assume the roles of bakes and deploys: the role of the Jenkins agents."""
    boundary: str | None = checked(None, _bad_arn)
    """ARN of the permissions boundary that every role gets which setup makes."""
    home_region: str | None = None
    """Region whose stack has the roles and the budget. None is the account's first region."""
    deploy_role: str = checked("deployer", _bad_role_name)
    """Name of the role of deploys."""
    bake_role: str = checked("image-baker", _bad_role_name)
    """Name of the role that bakes, in the account of `[bake]`."""
    vpc: str | None = checked(None, _bad_vpc)
    """VPC of target groups and security groups. None is that of the subnets."""
    load_balancer: str | None = checked(None, _bad_load_balancer)
    """`make`, or the ARN of the HTTPS or HTTP listener that applications share. None: no rules are made."""
    load_balancer_subnets: tuple[str, ...] | None = checked(None, values.bad_subnets)
    """Public subnets of two zones for a load balancer that is made."""
    certificate: str | None = checked(None, _bad_arn)
    """ARN of the certificate of a listener that is made; None makes one for HTTP on port 80."""
    domain: str | None = None
    """Applications without `hosts` are NAME.DOMAIN."""
    budget: float | None = number(None, 1)
    """US dollars a month: a budget of the account, which reports at 80 and 100 percent."""
    budget_email: str | None = checked(None, _bad_email)
    """To whom the budget reports."""
