"""Subversion: modules of a repository, how a workspace is brought up to date, browsers."""

from __future__ import annotations

from typing import Any

from jobdsl import context
from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, credentials_id, flag, sugar, text
from jobdsl.elements.holders import twice
from jobdsl.elements.slots import Misc, Scm

__all__ = [
    "SvnBrowser",
    "SvnUpdater",
    "module",
    "svn",
    "svn_checkout",
    "svn_clean",
    "svn_credentials",
    "svn_fisheye",
    "svn_noop",
    "svn_redmine",
    "svn_revert",
    "svn_sventon",
    "svn_trac",
    "svn_update",
    "svn_viewvc",
    "svn_web",
    "svn_websvn",
]

_PLUGIN = "subversion"
_DEPTHS = ("infinity", "immediates", "files", "empty", "as-it-is", "unknown", "exclude")


class module(Misc, xml="hudson.scm.SubversionSCM$ModuleLocation", plugin=_PLUGIN):
    """One module: its URL (perhaps with @revision) and the directory it goes to."""

    forms = {
        "jjb": Form("remote local credentialsId depthOption ignoreExternalsOption"),
    }

    url: str = text("remote", first=True)
    credentials: str | None = credentials_id("credentialsId", default=None)
    directory: str = text("local", default=".")
    depth: str = text("depthOption", default="infinity", choices=_DEPTHS)
    ignore_externals: bool = flag("ignoreExternalsOption", default=False)
    cancel_on_externals_failure: bool = flag("cancelProcessOnExternalsFail", default=False)


class svn_credentials(Misc, xml="hudson.scm.SubversionSCM$AdditionalCredentials", plugin=_PLUGIN):
    """Credentials for externals of another repository; `realm` as the server names itself."""

    realm: str = text(first=True)
    credentials: str = credentials_id("credentialsId")


class SvnUpdater(Misc):
    """How a workspace is brought up to date."""

    slot = "a way to update (scm.svn_update, scm.svn_checkout, ...)"


class svn_update(SvnUpdater, xml="hudson.scm.subversion.UpdateUpdater", plugin=_PLUGIN):
    """`svn update` as much as possible."""


class svn_checkout(SvnUpdater, xml="hudson.scm.subversion.CheckoutUpdater", plugin=_PLUGIN):
    """A fresh checkout every time."""


class svn_clean(SvnUpdater, xml="hudson.scm.subversion.UpdateWithCleanUpdater", plugin=_PLUGIN):
    """Remove what is not versioned, then update."""


class svn_revert(SvnUpdater, xml="hudson.scm.subversion.UpdateWithRevertUpdater", plugin=_PLUGIN):
    """`svn revert`, then update."""


class svn_noop(SvnUpdater, xml="hudson.scm.subversion.NoopUpdater", plugin=_PLUGIN):
    """Leave the workspace alone."""


class SvnBrowser(Misc):
    """A web page that shows a Subversion repository."""

    slot = "a Subversion browser (scm.svn_viewvc, ...)"


class svn_viewvc(SvnBrowser, xml="hudson.scm.browsers.ViewSVN", plugin=_PLUGIN):
    """ViewVC."""

    url: str = text(first=True)


class svn_websvn(SvnBrowser, xml="hudson.scm.browsers.WebSVN", plugin=_PLUGIN):
    """WebSVN."""

    url: str = text(first=True)


class svn_web(SvnBrowser, xml="hudson.scm.browsers.SVNWeb", plugin=_PLUGIN):
    """SVN::Web."""

    url: str = text(first=True)


class svn_fisheye(SvnBrowser, xml="hudson.scm.browsers.FishEyeSVN", plugin=_PLUGIN):
    """FishEye."""

    url: str = text(first=True)
    root_module: str = text(default="")


class svn_sventon(SvnBrowser, xml="hudson.scm.browsers.Sventon2", plugin=_PLUGIN):
    """Sventon 2."""

    url: str = text(first=True)
    repository: str = text("repositoryInstance")


class svn_trac(SvnBrowser, xml="hudson.plugins.trac.TracRepositoryBrowser", plugin="trac"):
    """Trac; its address is that of the job's `properties.trac`."""


class svn_redmine(SvnBrowser, xml="hudson.plugins.redmine.RedmineRepositoryBrowser", plugin="redmine"):
    """Redmine; its address is that of the job's `properties.redmine`."""

    repository: str | None = text("repositoryId", default=None, first=True)


class svn(Scm, xml="hudson.scm.SubversionSCM", plugin=_PLUGIN):
    """Sources from Subversion: `svn("https://svn.example.com/app/trunk", credentials="svn")`.

    `url`, `credentials` and `directory` describe one module; several go into `modules=[scm.module(...)]`.
    Excluded and included regions, users and messages are regular expressions, one a line.
    """

    forms = {
        "jjb": Form(
            "browser locations additionalCredentials workspaceUpdater excludedRegions? includedRegions? "
            "excludedUsers? excludedRevprop? excludedCommitMessages? ignoreDirPropChanges filterChangelog"
        ),
    }

    url: str | None = sugar(first=True)
    credentials: str | None = sugar()
    directory: str | None = sugar()
    modules: Any = children("locations", accepts=module, convert=module, default=None)
    additional_credentials: Any = children(accepts=svn_credentials, default=None)
    browser: Any = child(accepts=SvnBrowser, default=None)
    excluded_regions: str = text(default="")
    included_regions: str = text(default="")
    excluded_users: str = text(default="")
    excluded_revprop: str = text(default="")
    excluded_commit_messages: str = text(default="")
    updater: Any = child("workspaceUpdater", accepts=SvnUpdater, default=svn_update())
    ignore_dir_prop_changes: bool = flag(default=False)
    filter_changelog: bool = flag(default=False)
    quiet: bool = flag("quietOperation", default=True)

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return one module from its short form."""
        short = {key: arguments[key] for key in _OF_MODULE if arguments[key] is not None}
        if arguments["modules"] is None:
            arguments["modules"] = (module(**{"url": None, **short}),)
        elif short:
            context.complain(twice("scm.svn", "modules", short))
        return arguments

    def but(self, **changes: Any) -> Any:
        """Return a copy with some arguments changed, those of its modules among them."""
        short = {key: changes.pop(key) for key in _OF_MODULE if key in changes}
        if short:
            changes["modules"] = tuple(location.but(**short) for location in self.modules)
        return super().but(**changes)

    def arguments(self) -> dict[str, Any]:
        """Return the short form where one module of the usual kind is all there is."""
        rest = super().arguments()
        if len(self.modules) == 1 and isinstance(self.modules[0], module):
            short_form = self.modules[0].arguments()
            if set(short_form) <= set(_OF_MODULE) and module(**short_form) == self.modules[0]:
                del rest["modules"]
                return short_form | rest
        return rest


_OF_MODULE = ("url", "credentials", "directory")
