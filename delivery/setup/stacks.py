"""Stacks of CloudFormation that setup owns: a change set is the plan, its execution the change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import USAGE, DeliveryError
from jobdsl.aws.tags import read, written

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock

__all__ = ["Proposal", "StackChange", "StackState", "discard", "execute", "propose", "read_stack", "settle"]

TAG = "delivery:setup"
"""Of stacks that setup made: which one it is, as `app/cart`."""
_POLL, _WAIT = 5.0, 3600.0
"""Seconds between two polls, and at most: a load balancer takes four minutes."""
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
"""CloudFormation's reason for a change set that changes nothing."""
_PREFIX = "delivery-"
"""Of the names of our change sets."""
_STUCK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as it is."""

    name: str
    id: str
    status: str
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    """Ids or ARNs of its resources, by logical id."""

    @property
    def is_busy(self) -> bool:
        """Return whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class StackChange:
    """A change of one resource that a change set would make."""

    action: str
    """`Add`, `Modify`, `Remove`, `Import` or `Dynamic`."""
    resource: str
    kind: str
    replacement: str = ""
    """`True`, `False`, `Conditional`, or empty where that is not known."""
    properties: tuple[str, ...] = ()
    """Those that change."""

    @property
    def values(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "action": self.action.lower(),
            "resource": self.resource,
            "type": self.kind,
            "replacement": self.replacement or None,
            "properties": [*self.properties],
        }

    def __str__(self) -> str:
        properties = f": {', '.join(self.properties)}" if self.properties else ""
        replaced = {"True": ", replaced", "Conditional": ", may be replaced"}.get(self.replacement, "")
        return f"{self.action.lower():7} {self.resource} ({self.kind}{replaced}){properties}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change set that was made and not executed."""

    stack: str
    change_set: str
    is_new: bool
    changes: tuple[StackChange, ...]


def read_stack(aws: Aws, name: str) -> StackState | None:
    """Read a stack; None if there is none. AwsError."""
    try:
        with asking(f"looking at stack {name}"):
            stack = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return None
        raise
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return None
    with asking(f"looking at the resources of stack {name}"):
        resources = aws.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return StackState(
        name=name,
        id=stack["StackId"],
        status=stack["StackStatus"],
        tags=read(stack.get("Tags")),
        resources={
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in resources
            if each.get("PhysicalResourceId") and each.get("LogicalResourceId")
        },
    )


def settle(aws: Aws, name: str, mark: str, clock: HostClock) -> StackState | None:
    """Wait until CloudFormation has left a stack alone, and remove what a killed run has begun.

    Returns:
        The stack as it is then; None if there is none.

    Raises:
        DeliveryError: setup did not make it, or it is in a state that a person has to end.
    """
    stack = _wait_idle(aws, name, clock)
    if stack is None:
        return None
    if stack.tags.get(TAG) != mark:
        raise DeliveryError(
            f"stack {name} exists, and delivery setup did not make it: it has no tag {TAG} = {mark}",
            "delete or rename it, or keep it and write the template next to it: --out FILE",
            USAGE,
        )
    if stack.status == "REVIEW_IN_PROGRESS":
        _delete(aws, name, clock)
        return None
    if stack.status in _STUCK:
        raise DeliveryError(
            f"stack {name} is {stack.status}",
            f"aws cloudformation describe-stack-events --stack-name {name} has the reason; "
            f"aws cloudformation delete-stack --stack-name {name}, then run this command again",
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise DeliveryError(
            f"stack {name} is {stack.status}",
            f"aws cloudformation continue-update-rollback --stack-name {name}, then run this command again",
        )
    return stack


def propose(
    aws: Aws, name: str, body: str, tags: Mapping[str, str], clock: HostClock, *, current: StackState | None
) -> Proposal:
    """Make a change set; one that changes nothing is removed again. DeliveryError."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:12]
    proposal = Proposal(name, f"{_PREFIX}{digest}", current is None, ())
    if current is not None:
        _remove_abandoned(aws, name)
    with asking(f"making a change set of stack {name}"):
        aws.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=proposal.change_set,
            ChangeSetType="CREATE" if current is None else "UPDATE",
            TemplateBody=body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=written(tags),
            **({"OnStackFailure": "DELETE"} if current is None else {}),
        )
    described = _wait_change_set(aws, proposal, clock)
    reason = described.get("StatusReason", "")
    if described["Status"] == "FAILED" and not any(text in reason for text in _UNCHANGED):
        discard(aws, proposal, clock)
        raise DeliveryError(f"CloudFormation refuses the change set of stack {name}: {reason}", "", USAGE)
    changes = tuple(_changes(aws, proposal, described))
    if not changes or described["Status"] == "FAILED":
        discard(aws, proposal, clock)
        return Proposal(name, "", proposal.is_new, ())
    return Proposal(name, proposal.change_set, proposal.is_new, changes)


def discard(aws: Aws, proposal: Proposal, clock: HostClock) -> None:
    """Remove a change set, and the empty stack that was made for it. AwsError."""
    if not proposal.change_set:
        return
    _remove(aws, proposal)
    if proposal.is_new:
        _delete(aws, proposal.stack, clock)


def execute(aws: Aws, proposal: Proposal, clock: HostClock) -> StackState:
    """Execute a change set and wait for its end. DeliveryError with the reasons if it fails."""
    with asking(f"executing the change set of stack {proposal.stack}"):
        aws.cloudformation.execute_change_set(StackName=proposal.stack, ChangeSetName=proposal.change_set)
    clock.sleep(_POLL)  # what is described lags behind what was begun
    stack = _wait_idle(aws, proposal.stack, clock, begun=True)
    if stack is not None and stack.status in _DONE:
        return stack
    reasons = [] if stack is None else [*_failures(aws, stack.id)]
    status = "deleted again" if stack is None else stack.status
    raise DeliveryError(
        f"stack {proposal.stack} is {status}{': ' if reasons else ''}{'; '.join(reasons)}",
        "CloudFormation has rolled it back; correct the reason, and run the same command again",
    )


def _remove_abandoned(aws: Aws, name: str) -> None:
    """Remove change sets that a killed run of ours has left. AwsError."""
    with asking(f"looking for change sets of stack {name}"):
        summaries = aws.cloudformation.list_change_sets(StackName=name)["Summaries"]
    for summary in summaries:
        is_executed = summary.get("ExecutionStatus", "").startswith("EXECUTE_")
        if summary["ChangeSetName"].startswith(_PREFIX) and not is_executed:
            _remove(aws, Proposal(name, summary["ChangeSetName"], is_new=False, changes=()))


def _remove(aws: Aws, proposal: Proposal) -> None:
    try:
        with asking(f"removing a change set of stack {proposal.stack}"):
            aws.cloudformation.delete_change_set(StackName=proposal.stack, ChangeSetName=proposal.change_set)
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise


def _delete(aws: Aws, name: str, clock: HostClock) -> None:
    """Delete a stack without resources, and wait for that."""
    with asking(f"deleting the empty stack {name}"):
        aws.cloudformation.delete_stack(StackName=name)
    _wait_idle(aws, name, clock)


def _wait_idle(aws: Aws, name: str, clock: HostClock, *, begun: bool = False) -> StackState | None:
    until = clock.monotonic() + _WAIT
    while clock.monotonic() < until:
        stack = read_stack(aws, name)
        is_pending = begun and stack is not None and stack.status == "REVIEW_IN_PROGRESS"
        if stack is None or not (stack.is_busy or is_pending):
            return stack
        clock.sleep(_POLL)
    raise DeliveryError(
        f"CloudFormation is at work on stack {name} for more than {_WAIT / 60:.0f} min",
        "it goes on by itself; run the same command again to see its end",
    )


def _wait_change_set(aws: Aws, proposal: Proposal, clock: HostClock) -> dict[str, Any]:
    until = clock.monotonic() + _WAIT
    while clock.monotonic() < until:
        described = _describe(aws, proposal)
        if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return described
        clock.sleep(_POLL)
    raise DeliveryError(
        f"the change set of stack {proposal.stack} is not ready after {_WAIT / 60:.0f} min",
        "run the same command again",
    )


def _describe(aws: Aws, proposal: Proposal, token: str = "") -> dict[str, Any]:
    with asking(f"looking at a change set of stack {proposal.stack}"):
        described: dict[str, Any] = aws.cloudformation.describe_change_set(
            StackName=proposal.stack,
            ChangeSetName=proposal.change_set,
            **({"NextToken": token} if token else {}),
        )
        return described


def _changes(aws: Aws, proposal: Proposal, described: dict[str, Any]) -> Iterable[StackChange]:
    while True:
        for change in described.get("Changes", ()):
            resource = change["ResourceChange"]
            targets = [detail.get("Target", {}) for detail in resource.get("Details", ())]
            names = [target.get("Name") or target.get("Attribute", "") for target in targets]
            yield StackChange(
                action=resource["Action"],
                resource=resource["LogicalResourceId"],
                kind=resource["ResourceType"],
                replacement=resource.get("Replacement", ""),
                properties=tuple(dict.fromkeys(filter(None, names))),
            )
        if not described.get("NextToken"):
            return
        described = _describe(aws, proposal, described["NextToken"])


def _failures(aws: Aws, stack_id: str) -> Iterable[str]:
    """Give the reasons of the resources that failed by themselves, the first one first."""
    with asking("reading why a stack failed"):
        events = aws.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if event.get("ResourceStatus", "").endswith("_FAILED") and "cancelled" not in reason.lower():
            yield f"{event['LogicalResourceId']}: {reason}"
