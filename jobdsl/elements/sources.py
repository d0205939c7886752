"""Where multibranch jobs find branches: sources and their traits."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import child, children, flag, raw, text
from jobdsl.elements.slots import Misc, Source, Trait

__all__ = ["all_branches_same", "branch_discovery", "branch_source", "git"]


class all_branches_same(Misc, xml="jenkins.branch.DefaultBranchPropertyStrategy", plugin="branch-api"):
    """Every branch has the same properties."""

    properties: Any = raw(default=())


class branch_source(Source, xml="jenkins.branch.BranchSource", plugin="branch-api"):
    """A source of branches, with what its branches share."""

    source: Any = child(accepts=Source, first=True)
    strategy: Any = child(accepts=Misc, default=None)
    build_strategies: Any = children(accepts=Misc, default=None)

    def with_id(self, identity: str) -> branch_source:
        """The same with a stable id, where the source has none."""
        if getattr(self.source, "id", "") is not None:
            return self
        changed: branch_source = self.but(source=self.source.but(id=identity))
        return changed


class branch_discovery(Trait, xml="jenkins.plugins.git.traits.BranchDiscoveryTrait", plugin="git"):
    """Find branches."""


class git(Source, xml="jenkins.plugins.git.GitSCMSource", plugin="git"):
    """Branches of a git repository."""

    id: str | None = text(default=None)
    remote: str = text(first=True)
    credentials: str | None = text("credentialsId", default=None)
    traits: Any = children(accepts=Trait, default=(branch_discovery(),))
    ignore_push: bool | None = flag("ignoreOnPushNotifications", default=None)
