"""Mail: the plain kind, and the extended kind with recipients by occasion."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, children, flag, number, raw, sugar, text
from jobdsl.elements.holders import Holder
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.slots import Misc, Publisher
from jobdsl.errors import DslError, suggestion

__all__ = [
    "email_ext",
    "email_message",
    "mail",
    "maven_mail",
    "on_aborted",
    "on_always",
    "on_before_build",
    "on_before_build_script",
    "on_building",
    "on_failure",
    "on_first_failure",
    "on_first_unstable",
    "on_fixed",
    "on_fixed_unhealthy",
    "on_improvement",
    "on_not_built",
    "on_nth_failure",
    "on_regression",
    "on_script",
    "on_second_failure",
    "on_status_changed",
    "on_still_failing",
    "on_still_unstable",
    "on_success",
    "on_unstable",
    "to_build_user",
    "to_contributors",
    "to_culprits",
    "to_developers",
    "to_first_suspects",
    "to_list",
    "to_previous",
    "to_requester",
    "to_suspects",
    "to_upstream",
]

_PLUGIN = "email-ext"
_P = "hudson.plugins.emailext.plugins."


class mail(Publisher, xml="hudson.tasks.Mailer", plugin="mailer"):
    """Mail people when builds fail, stay unstable, or are good again: `mail("team@example.com")`."""

    recipients: str = text(default="", first=True)
    only_first_unstable: bool = flag("dontNotifyEveryUnstableBuild", default=False)
    to_individuals: bool = flag("sendToIndividuals", default=False)


class maven_mail(Misc, xml="hudson.maven.reporters.MavenMailer", plugin="maven-plugin"):
    """Mail people when builds of a Maven job fail (in `reporters`)."""

    recipients: str = text(default="", first=True)
    only_first_unstable: bool = flag("dontNotifyEveryUnstableBuild", default=False)
    to_individuals: bool = flag("sendToIndividuals", default=False)
    per_module: bool = flag("perModuleEmail", default=True)


class Recipients(Misc):
    """The recipients of a mail."""

    slot = "recipients (publish.to_list(), publish.to_developers(), ...)"


class to_list(Recipients, xml=_P + "recipients.ListRecipientProvider", plugin=_PLUGIN):
    """Those in the publisher's `recipients`."""


class to_developers(Recipients, xml=_P + "recipients.DevelopersRecipientProvider", plugin=_PLUGIN):
    """Those whose changes are in the build."""


class to_requester(Recipients, xml=_P + "recipients.RequesterRecipientProvider", plugin=_PLUGIN):
    """The user who started the build."""


class to_culprits(Recipients, xml=_P + "recipients.CulpritsRecipientProvider", plugin=_PLUGIN):
    """Those whose changes came since the last good build."""


class to_upstream(Recipients, xml=_P + "recipients.UpstreamComitterRecipientProvider", plugin=_PLUGIN):
    """Those whose changes are in the upstream build."""


class to_suspects(Recipients, xml=_P + "recipients.FailingTestSuspectsRecipientProvider", plugin=_PLUGIN):
    """The users that may have broken the tests that fail."""


class to_first_suspects(
    Recipients, xml=_P + "recipients.FirstFailingBuildSuspectsRecipientProvider", plugin=_PLUGIN
):
    """Those whose changes are in the first build that failed."""


class to_previous(Recipients, xml=_P + "recipients.PreviousRecipientProvider", plugin=_PLUGIN):
    """The recipients of the previous build's mail."""


class to_build_user(Recipients, xml=_P + "recipients.BuildUserRecipientProvider", plugin=_PLUGIN):
    """The user that caused the build, upstream builds followed."""


class to_contributors(Recipients, xml=_P + "recipients.ContributorMetadataRecipientProvider", plugin=_PLUGIN):
    """The authors of the pull request."""


def _named(prefix: str, kind: type[Misc]) -> Any:
    """From a short name to an element: `"developers"` is `to_developers()`."""

    def element_named(word: Any) -> Any:
        element = globals().get(f"{prefix}{word}")
        if isinstance(element, type) and issubclass(element, kind):
            return element()
        known = [name.removeprefix(prefix) for name in __all__ if name.startswith(prefix)]
        raise DslError(f"does not know {word!r}", hint=suggestion(str(word), known) or ", ".join(known))

    return element_named


class email_message(Misc, xml=_P + "EmailType", plugin=_PLUGIN):
    """What one trigger sends, and to whom."""

    forms = {
        "jjb": Form(
            "subject body replyTo contentType recipientProviders attachmentsPattern attachBuildLog "
            "compressBuildLog",
        ),
    }

    more_recipients: str | None = text("recipientList", default=None)
    subject: str = text(default="$PROJECT_DEFAULT_SUBJECT")
    body: str = text(default="$PROJECT_DEFAULT_CONTENT")
    to: Any = children(
        "recipientProviders", accepts=Recipients, convert=_named("to_", Recipients), default=(to_list(),)
    )
    attachments: str = text("attachmentsPattern", default="")
    inline_attachments: str | None = text("inlineAttachmentsPattern", default=None)
    attach_log: bool = flag("attachBuildLog", default=False)
    compress_log: bool = flag("compressBuildLog", default=False)
    reply_to: str = text(default="$PROJECT_DEFAULT_REPLYTO")
    content_type: str = text(default="project")


class Occasion(Holder, Misc):
    """When mail is sent."""

    slot = "an occasion for mail (publish.on_failure(), publish.on_fixed(), ...)"
    holds = "email"
    held = email_message

    email: Any = child(accepts=email_message, plain=True, default=email_message())
    to: Any = sugar(first=True)
    subject: str | None = sugar()
    body: str | None = sugar()
    more_recipients: str | None = sugar()
    attachments: str | None = sugar()
    inline_attachments: str | None = sugar()
    attach_log: bool | None = sugar()
    compress_log: bool | None = sugar()
    reply_to: str | None = sugar()
    content_type: str | None = sugar()


class on_always(Occasion, xml=_P + "trigger.AlwaysTrigger", plugin=_PLUGIN):
    """After every build."""


class on_failure(Occasion, xml=_P + "trigger.FailureTrigger", plugin=_PLUGIN):
    """When a build fails."""


class on_success(Occasion, xml=_P + "trigger.SuccessTrigger", plugin=_PLUGIN):
    """When a build is good."""


class on_unstable(Occasion, xml=_P + "trigger.UnstableTrigger", plugin=_PLUGIN):
    """When a build is unstable."""


class on_fixed(Occasion, xml=_P + "trigger.FixedTrigger", plugin=_PLUGIN):
    """When a build is good again."""


class on_fixed_unhealthy(Occasion, xml=_P + "trigger.FixedUnhealthyTrigger", plugin=_PLUGIN):
    """When a build is good after failed, unstable or aborted ones."""


class on_aborted(Occasion, xml=_P + "trigger.AbortedTrigger", plugin=_PLUGIN):
    """When a build is aborted."""


class on_not_built(Occasion, xml=_P + "trigger.NotBuiltTrigger", plugin=_PLUGIN):
    """When a build was not run."""


class on_building(Occasion, xml=_P + "trigger.BuildingTrigger", plugin=_PLUGIN):
    """When an unstable build follows a failed one."""


class on_improvement(Occasion, xml=_P + "trigger.ImprovementTrigger", plugin=_PLUGIN):
    """When fewer tests fail than before."""


class on_regression(Occasion, xml=_P + "trigger.RegressionTrigger", plugin=_PLUGIN):
    """When more tests fail than before."""


class on_status_changed(Occasion, xml=_P + "trigger.StatusChangedTrigger", plugin=_PLUGIN):
    """When the result is another than the last build's."""


class on_still_failing(Occasion, xml=_P + "trigger.StillFailingTrigger", plugin=_PLUGIN):
    """When a failed build follows a failed one."""


class on_still_unstable(Occasion, xml=_P + "trigger.StillUnstableTrigger", plugin=_PLUGIN):
    """When an unstable build follows an unstable one."""


class on_first_unstable(Occasion, xml=_P + "trigger.FirstUnstableTrigger", plugin=_PLUGIN):
    """When a build is unstable and the last was not."""


class on_before_build(Occasion, xml=_P + "trigger.PreBuildTrigger", plugin=_PLUGIN):
    """Before a build."""


class on_first_failure(Occasion, xml=_P + "trigger.FirstFailureTrigger", plugin=_PLUGIN):
    """When a build fails and the last did not."""

    failures: int | str = number("failureCount", default=1)


class on_second_failure(Occasion, xml=_P + "trigger.SecondFailureTrigger", plugin=_PLUGIN):
    """When two builds have failed."""

    failures: int | str = number("failureCount", default=2)


class on_nth_failure(Occasion, xml=_P + "trigger.XNthFailureTrigger", plugin=_PLUGIN):
    """When so many builds have failed, one after another."""

    failures: int | str = number("failureCount", default=3)
    required: int | str = number("requiredFailureCount", default=3, least=0)


class _Scripted(Occasion):
    script: Any = child("secureTriggerScript", accepts=groovy_script, convert=groovy_script, plain=True)


class on_script(_Scripted, xml=_P + "trigger.ScriptTrigger", plugin=_PLUGIN):
    """When a Groovy script returns true after a build."""


class on_before_build_script(_Scripted, xml=_P + "trigger.PreBuildScriptTrigger", plugin=_PLUGIN):
    """When a Groovy script returns true before a build."""


_OLD = (
    "recipientList configuredTriggers contentType defaultSubject defaultContent attachmentsPattern "
    "presendScript postsendScript attachBuildLog compressBuildLog replyTo from? saveOutput disabled "
    "matrixTriggerMode?"
)
_JJB = (
    "recipientList configuredTriggers contentType defaultSubject defaultContent attachmentsPattern "
    "presendScript postsendScript attachBuildLog compressBuildLog saveOutput disabled replyTo from "
    "matrixTriggerMode?"
)


class email_ext(Publisher, xml="hudson.plugins.emailext.ExtendedEmailPublisher", plugin=_PLUGIN):
    """Mail with a choice of occasions, recipients and texts.

    `email_ext("team@example.com", on=["failure", "fixed"])`, or with more options,
    `on=[publish.on_failure(to=["developers", "list"], attach_log=True)]`.
    """

    forms = {"old": Form(_OLD), "jjb": Form(_JJB, {"from": None})}

    recipients: str = text("recipientList", default="$DEFAULT_RECIPIENTS", first=True)
    on: Any = children("configuredTriggers", accepts=Occasion, convert=_named("on_", Occasion))
    content_type: str = text(default="default", choices=("default", "text/plain", "text/html", "both"))
    subject: str = text("defaultSubject", default="$DEFAULT_SUBJECT")
    body: str = text("defaultContent", default="$DEFAULT_CONTENT")
    attachments: str = text("attachmentsPattern", default="")
    inline_attachments: str | None = text("inlineAttachmentsPattern", default=None)
    presend_script: str = text(default="$DEFAULT_PRESEND_SCRIPT")
    postsend_script: str = text(default="$DEFAULT_POSTSEND_SCRIPT")
    classpath: Any = raw(default=None)
    attach_log: bool = flag("attachBuildLog", default=False)
    compress_log: bool = flag("compressBuildLog", default=False)
    reply_to: str = text(default="$DEFAULT_REPLYTO")
    sender: str | None = text("from", default=None)
    save_output: bool = flag(default=False)
    disabled: bool = flag(default=False)
    throttling: bool = flag("throttlingEnabled", default=False)
    matrix_mode: str | None = text(
        "matrixTriggerMode", default=None, choices=("BOTH", "ONLY_PARENT", "ONLY_CONFIGURATIONS")
    )
