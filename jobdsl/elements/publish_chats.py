"""Chat rooms by the instant messaging plugins: IRC and Jabber."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, secret_text, text
from jobdsl.elements.slots import Misc, Publisher
from jobdsl.errors import DslError

__all__ = [
    "chat_default",
    "chat_extra_only",
    "chat_failing_tests",
    "chat_parameters",
    "chat_room",
    "chat_summary_only",
    "chat_user",
    "irc",
    "jabber",
]

_PLUGIN = "instant-messaging"
_P = "hudson.plugins.im."
_STRATEGIES = ("ALL", "ANY_FAILURE", "FAILURE_AND_FIXED", "NEW_FAILURE_AND_FIXED", "STATECHANGE_ONLY")


class chat_room(Misc, xml=_P + "GroupChatIMMessageTarget", plugin=_PLUGIN):
    """A room or channel."""

    name: str = text(first=True)
    password: str | None = secret_text(default=None)
    only_notify: bool = flag("notificationOnly", default=False)


class chat_user(Misc, xml=_P + "DefaultIMMessageTarget", plugin=_PLUGIN):
    """A user."""

    name: str = text("value", first=True)


class ChatText(Misc):
    """Which message is sent to a chat."""

    slot = "a kind of chat message (publish.chat_...)"


class chat_default(ChatText, xml=_P + "build_notify.DefaultBuildToChatNotifier", plugin=_PLUGIN):
    """The result with the changes since the last build."""


class chat_summary_only(ChatText, xml=_P + "build_notify.SummaryOnlyBuildToChatNotifier", plugin=_PLUGIN):
    """The result only."""


class chat_parameters(ChatText, xml=_P + "build_notify.BuildParametersBuildToChatNotifier", plugin=_PLUGIN):
    """The result and the build's parameters."""


class chat_failing_tests(
    ChatText, xml=_P + "build_notify.PrintFailingTestsBuildToChatNotifier", plugin=_PLUGIN
):
    """The result and the tests that fail."""


class chat_extra_only(ChatText, xml=_P + "build_notify.ExtraMessageOnlyBuildToChatNotifier", plugin=_PLUGIN):
    """The extra message only."""


def _room(word: Any) -> Any:
    if isinstance(word, str):
        return chat_room(name=word)
    raise DslError(f"takes names of rooms or publish.chat_room(...), not {word!r}")


def _message(default: Any) -> Any:
    return child("buildToChatNotifier", accepts=ChatText, default=default)


class _Chat(Publisher):
    """Fields both share, after the targets."""

    targets: Any = children(accepts=Misc, convert=_room, first=True)
    strategy: str = text(default="ALL", choices=_STRATEGIES)
    on_start: bool = flag("notifyOnBuildStart", default=False)
    suspects: bool = flag("notifySuspects", default=False)
    culprits: bool = flag("notifyCulprits", default=False)
    fixers: bool = flag("notifyFixers", default=False)
    upstream: bool = flag("notifyUpstreamCommitters", default=False)
    message: Any = _message(chat_default())
    matrix: str = text(
        "matrixMultiplier",
        default="ONLY_CONFIGURATIONS",
        choices=("ALL", "ONLY_PARENT", "ONLY_CONFIGURATIONS"),
    )
    extra_message: str | None = text(default=None)
    custom_message: str | None = text(default=None)


_JJB = (
    "buildToChatNotifier targets strategy notifyOnBuildStart notifySuspects notifyCulprits notifyFixers "
    "notifyUpstreamCommitters matrixMultiplier"
)


class irc(_Chat, xml="hudson.plugins.ircbot.IrcPublisher", plugin="ircbot"):
    """Send messages to IRC channels: `irc(["#builds"], strategy="FAILURE_AND_FIXED")`."""

    forms = {"jjb": Form(_JJB)}

    channels: Any = children(accepts=Misc, default=None)


class jabber(_Chat, xml="hudson.plugins.jabber.im.transport.JabberPublisher", plugin="jabber"):
    """Send messages to Jabber users and rooms."""
