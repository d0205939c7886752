"""Permissions on single objects: what the account has, less what an object refuses to everybody."""

from __future__ import annotations

from jobdsl.testing.pages import Refusal, forbidden
from jobdsl.testing.routing import RoutedRequest
from jobdsl.testing.store import ItemGroup, StoredItem
from jobdsl.testing.users import User
from jobdsl.testing.views import StoredView, group_of

__all__ = ["VIEW_CONFIGURE", "VIEW_READ", "may", "require"]

VIEW_CONFIGURE = "hudson.model.View.Configure"
VIEW_READ = "hudson.model.View.Read"
_CONFIGURE = "hudson.model.Item.Configure"
_BRANCH = frozenset({_CONFIGURE, "hudson.model.Item.Delete"})
"""What BranchJobProperty refuses: its multibranch alone changes and deletes the job."""
_VIEW_CHANGES = frozenset({VIEW_CONFIGURE, "hudson.model.View.Create", "hudson.model.View.Delete"})
"""What the views that a multibranch computes of its branches refuse (jenkins.branch.BaseView)."""
_MY_VIEW = "hudson.model.MyView"


def may(user: User, permission: str, target: object, root: ItemGroup) -> bool:
    """Return whether a user has a permission on an object; `root` is the group of the items at the top."""
    if isinstance(target, StoredView):
        return _may_view(user, permission, target, root)
    if isinstance(target, StoredItem):
        owner = target.parent.owner
        computed = owner is not None and owner.kind.shape == "multibranch"
        if computed and target.kind.shape == "multibranch" and permission in _BRANCH | _VIEW_CHANGES:
            return False
        if permission in _BRANCH and target.is_branch:
            return False
    return user.may(permission)


def _may_view(user: User, permission: str, view: StoredView, root: ItemGroup) -> bool:
    """Decide as AuthorizationStrategy.getACL(View): without View/Read, a view that shows items."""
    if view.is_of_branches and permission in _VIEW_CHANGES:
        return False
    if user.may(permission) or permission != VIEW_READ:
        return user.may(permission)
    if user.may(VIEW_CONFIGURE):
        return True
    items = view.items(group_of(view, root))
    return any(view.java != _MY_VIEW or may(user, _CONFIGURE, item, root) for item in items)


def require(call: RoutedRequest, permission: str, target: object) -> None:
    """Raise the Refusal that names a permission the caller lacks on an object."""
    if permission and not may(call.caller.user, permission, target, call.jenkins.root):
        raise Refusal(forbidden(call.caller, permission, call.request.path))
