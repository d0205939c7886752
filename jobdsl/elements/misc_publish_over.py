"""Files sent to other machines by the publish-over plugins (SSH, FTP, CIFS), as steps and as publishers.

The plugins nest four levels; `ssh("web1", "dist/**", to="/srv/app", run="./restart")` covers all of them.
"""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Element
from jobdsl.elements.fields import child, children, constant, flag, number, raw, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.slots import Misc

__all__ = [
    "OfCifs",
    "OfFtp",
    "OfSsh",
    "cifs_delegate",
    "cifs_retry",
    "cifs_server",
    "cifs_transfer",
    "ftp_delegate",
    "ftp_retry",
    "ftp_server",
    "ftp_transfer",
    "ssh_delegate",
    "ssh_retry",
    "ssh_server",
    "ssh_transfer",
]

_SSH = "jenkins.plugins.publish_over_ssh."
_FTP = "jenkins.plugins.publish_over_ftp."
_CIFS = "jenkins.plugins.publish_over_cifs."


class _Transfer(Element):
    """Fields for a set of files that the three plugins share."""

    to: str = text("remoteDirectory", default="")
    files: str = text("sourceFiles", default="", first=True)
    excludes: str = text(default="")
    remove_prefix: str = text(default="")
    to_is_date_format: bool = flag("remoteDirectorySDF", default=False)
    flatten: bool = flag(default=False)
    clean_remote: bool = flag(default=False)
    no_default_excludes: bool = flag(default=False)
    make_empty_dirs: bool = flag(default=False)
    pattern_separator: str = text(default="[, ]+")


class _OfTransfer(Element):
    """The arguments of one transfer, given to what holds it."""

    files: str | None = sugar(first=True)
    to: str | None = sugar()
    excludes: str | None = sugar()
    remove_prefix: str | None = sugar()
    to_is_date_format: bool | None = sugar()
    flatten: bool | None = sugar()
    clean_remote: bool | None = sugar()
    no_default_excludes: bool | None = sugar()
    make_empty_dirs: bool | None = sugar()
    pattern_separator: str | None = sugar()


class _OfSshTransfer(_OfTransfer):
    run: str | None = sugar()
    run_timeout_ms: int | None = sugar()
    pty: bool | None = sugar()
    agent_forwarding: bool | None = sugar()


class _OfFtpTransfer(_OfTransfer):
    ascii: bool | None = sugar()


class _OfServer(Element):
    """The arguments of one server, given to what holds it."""

    server: str | None = sugar(first=True)
    verbose: bool | None = sugar()
    retry: Any = sugar()


class _OfDelegate(Element):
    """The arguments of the innermost part but one, given to the publisher or step."""

    continue_on_error: bool | None = sugar()
    fail_on_error: bool | None = sugar()
    from_controller: bool | None = sugar()


class OfSsh(_OfSshTransfer, _OfServer, _OfDelegate):
    """What `publish.ssh` and `steps.ssh` take directly."""


class OfFtp(_OfFtpTransfer, _OfServer, _OfDelegate):
    """What `publish.ftp` takes directly."""


class OfCifs(_OfTransfer, _OfServer, _OfDelegate):
    """What `publish.cifs` takes directly."""


class _Server(Element):
    """Fields for a server, by its name on the controller, that the three plugins share."""

    order = (
        "configName verbose transfers useWorkspaceInPromotion usePromotionTimestamp retry label credentials"
    )

    server: str = text("configName", first=True)
    verbose: bool = flag(default=False)
    workspace_in_promotion: bool = flag("useWorkspaceInPromotion", default=False)
    promotion_timestamp: bool = flag("usePromotionTimestamp", default=False)
    retry: Any = child(accepts=Misc, default=None)
    label: Any = raw(default=None)
    credentials: Any = raw(default=None)


class _Delegate(Element):
    """What happens to the other servers and to the build when one fails."""

    order = "publishers continueOnError failOnError alwaysPublishFromMaster hostConfigurationAccess"

    continue_on_error: bool = flag(default=False)
    fail_on_error: bool = flag(default=False)
    from_controller: bool = flag("alwaysPublishFromMaster", default=False)


def _access(java: str) -> Any:
    """Return the field that refers back to the plugin, which XStream writes as a reference."""
    return constant("hostConfigurationAccess", attrs={"class": java, "reference": "../.."})


class ssh_retry(Misc, xml=_SSH + "BapSshRetry", plugin="publish-over-ssh"):
    """Try an SSH transfer again; the delay is in milliseconds."""

    retries: int | str = number(default=3, first=True, least=0)
    delay_ms: int | str = number("retryDelay", default=10000, least=0)


class ftp_retry(Misc, xml=_FTP + "BapFtpRetry", plugin="publish-over-ftp"):
    """Try an FTP transfer again; the delay is in milliseconds."""

    retries: int | str = number(default=3, first=True, least=0)
    delay_ms: int | str = number("retryDelay", default=10000, least=0)


class cifs_retry(Misc, xml=_CIFS + "CifsRetry", plugin="publish-over-cifs"):
    """Try a transfer to a share again; the delay is in milliseconds."""

    retries: int | str = number(default=3, first=True, least=0)
    delay_ms: int | str = number("retryDelay", default=10000, least=0)


class ssh_transfer(_Transfer, Misc, xml=_SSH + "BapSshTransfer", plugin="publish-over-ssh"):
    """Files to send, and a command to run there afterwards."""

    run: str = text("execCommand", default="")
    run_timeout_ms: int | str = number("execTimeout", default=120000, least=0)
    pty: bool = flag("usePty", default=False)
    agent_forwarding: bool | None = flag("useAgentForwarding", default=None)
    sftp_for_exec: bool | None = flag("useSftpForExec", default=None)
    keep_permissions: bool | None = flag("keepFilePermissions", default=None)


class ssh_server(
    _OfSshTransfer, _Server, Holder, Misc, xml=_SSH + "BapSshPublisher", plugin="publish-over-ssh"
):
    """A server, by its name on the controller, and what goes there."""

    holds = "transfers"
    held = ssh_transfer

    transfers: Any = children(accepts=ssh_transfer)


class ssh_delegate(_OfSshTransfer, _OfServer, _Delegate, Holder, Misc, xml="#publish-over-ssh"):
    """The servers, and what happens when one fails."""

    holds = "servers"
    held = ssh_server

    servers: Any = children("publishers", accepts=ssh_server)
    _access = _access(_SSH + "BapSshPublisherPlugin")


class ftp_transfer(_Transfer, Misc, xml=_FTP + "BapFtpTransfer", plugin="publish-over-ftp"):
    """Files to send by FTP."""

    ascii: bool = flag("asciiMode", default=False)


class ftp_server(
    _OfFtpTransfer, _Server, Holder, Misc, xml=_FTP + "BapFtpPublisher", plugin="publish-over-ftp"
):
    """An FTP server, by its name on the controller, and what goes there."""

    holds = "transfers"
    held = ftp_transfer

    transfers: Any = children(accepts=ftp_transfer)


class ftp_delegate(_OfFtpTransfer, _OfServer, _Delegate, Holder, Misc, xml="#publish-over-ftp"):
    """The FTP servers, and what happens when one fails."""

    holds = "servers"
    held = ftp_server

    servers: Any = children("publishers", accepts=ftp_server)
    _access = _access(_FTP + "BapFtpPublisherPlugin")


class cifs_transfer(_Transfer, Misc, xml=_CIFS + "CifsTransfer", plugin="publish-over-cifs"):
    """Files to copy to a Windows share."""


class cifs_server(
    _OfTransfer, _Server, Holder, Misc, xml=_CIFS + "CifsPublisher", plugin="publish-over-cifs"
):
    """A share, by its name on the controller, and what goes there."""

    holds = "transfers"
    held = cifs_transfer

    transfers: Any = children(accepts=cifs_transfer)


class cifs_delegate(_OfTransfer, _OfServer, _Delegate, Holder, Misc, xml="#publish-over-cifs"):
    """The shares, and what happens when one fails."""

    holds = "servers"
    held = cifs_server

    servers: Any = children("publishers", accepts=cifs_server)
    _access = _access(_CIFS + "CifsPublisherPlugin")
