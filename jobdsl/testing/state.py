"""What the parts of a simulated controller share: its items, nodes, queue, users and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobdsl.testing.nodecontrol import NodeControl

if TYPE_CHECKING:
    from jobdsl.testing.credentials import Credentials
    from jobdsl.testing.export import Bean
    from jobdsl.testing.store import ItemGroup
    from jobdsl.testing.users import User, Users
    from jobdsl.testing.views import StoredView

__all__ = ["ControllerState"]


class ControllerState(NodeControl):
    """A simulated controller as its parts see it; `SimulatedJenkins` puts the parts together."""

    closing: bool
    users: Users
    plugins: list[dict[str, Any]]
    credentials: Credentials
    caller: User
    """The sender of the request that is answered now."""
    url: str

    @property
    def root(self) -> ItemGroup:
        """The items at the top."""
        return self.store.root

    @property
    def views(self) -> dict[str, StoredView]:
        """The views at the top."""
        return self.store.views

    @property
    def quieting(self) -> bool:
        """Whether no new build starts."""
        return self.scheduler.quieting

    def bean(self, target: object) -> Bean:
        """Return what the API exports for an object. Raises Refusal for an object it does not export."""
        raise NotImplementedError
