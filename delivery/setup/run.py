"""One run of setup: a template is proposed, shown, and executed; then what CloudFormation cannot do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.errors import USAGE, DeliveryError
from delivery.setup import direct_calls
from delivery.setup.document import dumps
from delivery.setup.stacks import TAG, Proposal, StackState, discard, execute, propose, settle

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = [
    "DirectCall",
    "StackRun",
    "apply",
    "begin",
    "direct_steps",
    "fill",
    "plan_values",
    "refuse_replacements",
]

Say = Callable[[str], None]
_BODY_BYTES = 51_200
"""Of a template in a request (CreateChangeSet)."""


@dataclass(frozen=True, slots=True)
class DirectCall:
    """A call of our own, next to the stack."""

    text: str
    run: Callable[[], object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRun:
    """A stack with its template, not proposed yet."""

    name: str
    mark: str
    """Value of its tag: `app/cart`."""
    template: Mapping[str, Any]
    existing: Mapping[str, str]
    """Parts that are left as they are, by logical id."""
    current: StackState | None = None

    @property
    def body(self) -> str:
        """The template as YAML."""
        kind, _, name = self.mark.partition("/")
        head = (
            f"Stack {self.name}, of delivery setup {kind}. Written from delivery.toml ({kind} {name}):\n"
            "the next run overwrites changes made here, unless this file is deployed by other means."
        )
        return dumps(self.template, head=head)

    @property
    def notes(self) -> list[str]:
        """What exists already, as lines for people."""
        return [
            f"{part} {id} exists, and no stack of delivery setup has it: it is left as it is"
            for part, id in self.existing.items()
        ]


def begin(aws: Aws, name: str, mark: str, clock: HostClock) -> StackState | None:
    """Return a stack as it is once CloudFormation has left it alone. DeliveryError."""
    return settle(aws, name, mark, clock)


def fill(aws: Aws, stack: StackRun, clock: HostClock, tags: Mapping[str, str]) -> Proposal:
    """Make the change set of a stack. DeliveryError."""
    size = len(stack.body.encode())
    if size > _BODY_BYTES:
        raise DeliveryError(
            f"the template of stack {stack.name} has {size} bytes; CloudFormation takes {_BODY_BYTES}",
            "fewer applications or a shorter user_data",
            USAGE,
        )
    if not stack.template["Resources"]:
        return Proposal(stack.name, "", stack.current is None, ())
    return propose(aws, stack.name, stack.body, {TAG: stack.mark, **tags}, clock, current=stack.current)


def refuse_replacements(aws: Aws, proposal: Proposal, clock: HostClock) -> None:
    """Refuse a change set that would replace what running groups use. DeliveryError."""
    replaced = [change for change in proposal.changes if change.replacement == "True"]
    if not replaced:
        return
    discard(aws, proposal, clock)
    text = "; ".join(
        f"{change.resource} by {', '.join(change.properties) or 'its properties'}" for change in replaced
    )
    raise DeliveryError(
        f"stack {proposal.stack}: AWS would make anew what runs now: {text}",
        "take the change back, or use a new name: the old one runs until its groups are deleted",
        USAGE,
    )


def direct_steps(aws: Aws, settings: DeliverySettings, *, deploys: bool) -> list[DirectCall]:
    """Return what an account that is deployed to lacks besides its stack. DeliveryError."""
    if not deploys:
        return []
    steps = []
    if not direct_calls.has_service_role(aws):
        steps.append(
            DirectCall(
                f"make role {direct_calls.SERVICE_ROLE}", lambda: direct_calls.create_service_role(aws)
            )
        )
    key = direct_calls.image_key(aws, settings)
    if key and not direct_calls.has_grant(aws, key):
        text = f"grant {direct_calls.SERVICE_ROLE} the use of key {key}"
        steps.append(DirectCall(text, lambda: direct_calls.create_grant(aws, key)))
    return steps


def apply(aws: Aws, stack: StackRun, proposal: Proposal, clock: HostClock, say: Say) -> None:
    """Execute a change set; then make the stack's launch template what groups launch. DeliveryError."""
    if proposal.change_set:
        say(f"stack {stack.name}: {len(proposal.changes)} changes; CloudFormation is at work")
        current: StackState | None = execute(aws, proposal, clock)
        say(f"stack {stack.name} is {current.status if current else 'deleted'}")
    else:
        current = stack.current
    template = current.resources.get("LaunchTemplate") if current else None
    if template and (version := direct_calls.set_default_version(aws, template)):
        say(f"version {version} of launch template {template} is its default")


def plan_values(
    stack: StackRun, proposal: Proposal, steps: Sequence[DirectCall], notes: Sequence[str]
) -> dict[str, Any]:
    """Return a plan as JSON values."""
    return {
        "stack": stack.name,
        "new": stack.current is None,
        "changes": [change.values for change in proposal.changes],
        "calls": [step.text for step in steps],
        "notes": [*stack.notes, *notes],
    }
