"""Answers about the controller itself: crumbs, users, plugins, quiet mode, script console, credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jobdsl.errors import XmlError
from jobdsl.testing.answers_api import api_headers
from jobdsl.testing.answers_items import xml_response
from jobdsl.testing.api_builds import values
from jobdsl.testing.credentials import Credential, Credentials
from jobdsl.testing.documents import HEADER, read, write
from jobdsl.testing.export import Bean, Prop, Schema, export, to_json
from jobdsl.testing.exports import PAGES
from jobdsl.testing.http import HttpResponse
from jobdsl.testing.pages import VERSION, oops, page, redirect
from jobdsl.testing.reasons import printed, stuck, why
from jobdsl.testing.resolver import CrumbIssuer, PluginManager, WhoAmI
from jobdsl.testing.routing import RoutedRequest, Router
from jobdsl.testing.treequery import TreeError, pruner
from jobdsl.testing.users import ADMINISTER

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["add_system"]

_JSON = "application/json;charset=utf-8"
_PLUGIN_FIELDS = {
    "active": True,
    "backupVersion": None,
    "bundled": False,
    "deleted": False,
    "detached": False,
    "downgradable": False,
    "enabled": True,
    "hasUpdate": False,
    "pinned": False,
    "requiredCoreVersion": "2.479.1",
    "supportsDynamicLoad": "MAYBE",
    "url": None,
}


_USER_PROPERTIES: dict[str, dict[str, Any]] = {
    "io.jenkins.plugins.thememanager.ThemeUserProperty": {},
    "jenkins.security.ApiTokenProperty": {},
    "jenkins.console.ConsoleUrlProviderUserProperty": {},
    "com.cloudbees.plugins.credentials.UserCredentialsProvider$UserCredentialsProperty": {},
    "jenkins.views.ViewsTabBarUserProperty": {},
    "hudson.tasks.Mailer$UserProperty": {"address": None},
    "hudson.plugins.emailext.watching.EmailExtWatchAction$UserProperty": {"triggers": []},
    "hudson.model.MyViewsProperty": {},
    "org.jenkinsci.plugins.displayurlapi.user.PreferredProviderUserProperty": {},
    "hudson.model.PaneStatusProperties": {},
    "jenkins.security.seed.UserSeedProperty": {},
    "hudson.search.UserSearchProperty": {"insensitiveSearch": True},
    "hudson.model.TimeZoneProperty": {},
    "jenkins.model.experimentalflags.UserExperimentalFlagsProperty": {},
    "hudson.security.HudsonPrivateSecurityRealm$Details": {},
}
"""Properties of every user, with their fields in the API."""


def _pruned(call: RoutedRequest, bean: Bean) -> HttpResponse:
    query = call.request.query
    try:
        exported = export(bean, pruner(query.get("tree"), query.get("depth")))
    except TreeError:
        raise oops() from None
    return HttpResponse(200, to_json(exported), api_headers(call.jenkins, _JSON))


def _crumb(call: RoutedRequest) -> HttpResponse:
    jenkins = call.jenkins
    session = call.caller.session or jenkins.users.new_session()
    crumb = {
        "_class": "hudson.security.csrf.DefaultCrumbIssuer",
        "crumb": jenkins.users.crumb(call.caller, session),
        "crumbRequestField": "Jenkins-Crumb",
    }
    headers = api_headers(jenkins, _JSON)
    if not call.caller.session:
        headers.append(("Set-Cookie", f"{jenkins.users.cookie}={session}; Path=/; HttpOnly; SameSite=Lax"))
    return HttpResponse(200, to_json(crumb), headers)


def _who_am_i(call: RoutedRequest) -> HttpResponse:
    identity = values(
        "hudson.security.WhoAmI",
        anonymous=False,
        authenticated=True,
        authorities=["authenticated"],
        name=call.caller.user.name,
    )
    return _pruned(call, identity)


def _me(call: RoutedRequest) -> HttpResponse:
    name = call.caller.user.name
    user = values(
        "hudson.model.User",
        absoluteUrl=f"{call.jenkins.url}/user/{name}",
        description=None,
        fullName=name,
        id=name,
        property=[values(java, **fields) for java, fields in _USER_PROPERTIES.items()],
    )
    return _pruned(call, user)


def _plugins(call: RoutedRequest) -> HttpResponse:
    def plugin(entry: dict[str, Any]) -> Bean:
        fields = _PLUGIN_FIELDS | entry
        fields["dependencies"] = [Bean(Schema(), None)] * fields["dependencies"]
        return Bean(Schema([Prop(name, _getter(fields[name])) for name in sorted(fields)]), None)

    schema = Schema([Prop("plugins", lambda _: [plugin(entry) for entry in call.jenkins.plugins])])
    return _pruned(call, Bean(schema, None, "hudson.LocalPluginManager"))


def _getter(value: Any) -> Any:
    return lambda _: value


def _quiet(call: RoutedRequest, on: bool) -> HttpResponse:
    call.jenkins.scheduler.quieting = on
    return redirect("/")


def _script(call: RoutedRequest) -> HttpResponse:
    """POST scriptText: no Groovy here, only the two scripts that were recorded."""
    script = call.request.form.get("script", "")
    if "Jenkins.VERSION" in script:
        text = f"{VERSION}\n"
    elif "queue.items" in script:
        text = (
            json.dumps([_queue_line(call, entry) for entry in call.jenkins.scheduler.queue.items.values()])
            + "\n"
        )
    else:
        text = "groovy.lang.MissingPropertyException: this controller is simulated and runs no Groovy\n"
    return HttpResponse(200, text.encode(), [("Content-Type", "text/plain;charset=utf-8")])


def _queue_line(call: RoutedRequest, entry: Any) -> dict[str, Any]:
    scheduler = call.jenkins.scheduler
    return {
        "id": entry.id,
        "cls": f"{entry.state.capitalize()}Item",
        "label": printed(entry.label) if entry.label else None,
        "buildable": entry.state == "buildable",
        "blocked": entry.state == "blocked",
        "stuck": stuck(scheduler, entry),
        "since": round(entry.since * 1000),
        "task": entry.name,
        "why": why(scheduler, entry),
    }


def _create_credentials(call: RoutedRequest) -> HttpResponse:
    try:
        credential = call.jenkins.credentials.read(read(call.request.body))
    except XmlError:
        raise oops() from None
    if credential.id in call.jenkins.credentials.by_id:
        return HttpResponse(409)
    call.jenkins.credentials.by_id[credential.id] = credential
    return HttpResponse()


def _list_credentials(call: RoutedRequest) -> HttpResponse:
    listed = [
        values(
            "",
            description=credential.description,
            displayName=credential.description or credential.id,
            fingerprint=None,
            fullName=f"system/_/{credential.id}",
            id=credential.id,
            typeName=credential.type_name,
        )
        for credential in call.jenkins.credentials.by_id.values()
    ]
    store = values(
        "com.cloudbees.plugins.credentials.CredentialsStoreAction$DomainWrapper",
        credentials=listed,
        description="Credentials that should be available irrespective of domain specification to "
        "requirements matching.",
        displayName="Global credentials (unrestricted)",
        fullDisplayName="System » Global credentials (unrestricted)",
        fullName="system/_",
        **{"global": True},
        urlName="_",
    )
    return _pruned(call, store)


def _get_credential(call: RoutedRequest) -> HttpResponse:
    credential: Credential = call.target
    node = credential.redacted()
    version = call.jenkins.store.rewriter.plugins.get("credentials")
    if version:
        node.attrs["plugin"] = f"credentials@{version}"
    return xml_response(write(node).removeprefix(HEADER))


def _delete_credential(call: RoutedRequest) -> HttpResponse:
    del call.jenkins.credentials.by_id[call.target.id]
    return redirect("/credentials/store/system/domain/_/")


def _page(call: RoutedRequest) -> HttpResponse:
    return page(200, "Jenkins" if call.target is call.jenkins else call.request.path)


def add_system(router: Router, root: type[ControllerState]) -> None:
    """Register what is answered about the controller itself."""
    for target in (root, *PAGES):
        for name in ("", "configure", "log", "move"):
            router.on(target, name)(_page)
    router.on(CrumbIssuer, "api/json")(_crumb)
    router.on(WhoAmI, "api/json")(_who_am_i)
    router.on(root, "me/api/json")(_me)
    router.on(PluginManager, "api/json", permission=ADMINISTER)(_plugins)
    router.on(root, "quietDown", permission=ADMINISTER, post=True)(lambda call: _quiet(call, True))
    router.on(root, "cancelQuietDown", permission=ADMINISTER, post=True)(lambda call: _quiet(call, False))
    router.on(root, "scriptText", permission=ADMINISTER, post=True)(_script)
    router.on(Credentials, "createCredentials", permission=ADMINISTER, post=True)(_create_credentials)
    router.on(Credentials, "api/json", permission=ADMINISTER)(_list_credentials)
    router.on(Credential, "config.xml", permission=ADMINISTER)(_get_credential)
    router.on(Credential, "doDelete", permission=ADMINISTER, post=True)(_delete_credential)
