"""Secrets that show by their form, wherever they stand: keys of services, webhooks, passwords in URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobdsl.secrets.names import harmless

__all__ = ["formed"]

_BEGIN = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|^PuTTY-User-Key-File-[0-9]:", re.MULTILINE
)
_END = re.compile(r"-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|^Private-MAC:[^\n]*", re.MULTILINE)
_LONG = re.compile(r"(?<![\w.:-])[\w.:-]{20,}")
_SHORTEST = 20
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
    r"|gh[opsru]_[A-Za-z0-9]{30,}|github_pat_\w{22,}"
    r"|gl(?:pat|ptt|dt|rt|cbt|ft|soat|oas|imt)-[\w-]{16,}"  # GitLab
    r"|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}"  # Google
    r"|[sr]k_(?:live|test)_\w{16,}"  # Stripe
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{32,}|dckr_pat_[\w-]{20,}"
    r"|hv[sbr]\.[\w-]{20,}|dop_v1_[a-f0-9]{64}|ATATT[\w=-]{30,}|sq[aup]_[0-9a-f]{40}|AKCp[A-Za-z0-9]{30,}"
    r"|NRAK-[A-Z0-9]{20,}|dapi[0-9a-f]{32}|[0-9]{8,10}:AA[\w-]{33}|AGE-SECRET-KEY-1[A-Z0-9]{50,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"  # a signed JSON web token
    r"|sk-(?:ant|proj|svcacct|admin)-[\w-]{24,}|sk-[A-Za-z0-9]{20,}|hf_[A-Za-z]{30,}"  # language models
    r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|rubygems_[0-9a-f]{48}|oy2[a-z0-9]{43}|lin_api_[A-Za-z0-9]{40}"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|dp\.(?:pt|st|ct)\.[A-Za-z0-9]{40,}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"
    r"|CFPAT-[\w-]{40,}|key-[0-9a-f]{32}|SK[0-9a-f]{32}|SCW[A-Z0-9]{17}|EAA[A-Za-z0-9]{90,}"
    r"|sha256~[\w-]{40,}|s\.(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24}"  # OpenShift, Vault
    r"|11[0-9a-f]{32}"  # an API token of Jenkins
    r")(?![A-Za-z0-9])"
)
_URL = re.compile(r"(?<![\w+.-])(?P<scheme>[A-Za-z][\w+.-]{0,20})://(?P<rest>[^\s\"'<>`|\\]+)")
_SCHEME = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]{0,20}(?=://)")
_LONGEST_SCHEME = 21
_USER = re.compile(r"(?P<user>[^/?#:]*)(?::(?P<password>[^/?#]*))?@(?=[\w$%\[{(])")
_TOKEN_AS_USER = re.compile(r"(?=[^@]*[0-9])(?=[^@]*[A-Za-z])[A-Za-z0-9_-]{20,}")
_HOOKS = re.compile(
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<slack>[^?#]+)"
    r"|[\w.-]*(?:\.webhook\.office\.com|outlook\.office(?:365)?\.com)/webhook(?:b2)?/(?P<teams>[^?#]+)"
    r"|(?:[\w.-]+\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/(?P<discord>[^?#]+)"
    r"|webhooks\.gitter\.im/e/(?P<gitter>[^?#]+)|hooks\.zapier\.com/hooks/catch/(?P<zapier>[^?#]+)"
    r"|events\.pagerduty\.com/integration/(?P<pagerduty>[^/?#]+)|maker\.ifttt\.com/.*/with/key/(?P<ifttt>[^/?#]+)"
    r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/(?P<lark>[^?#]+)"
    r"|api\.telegram\.org/bot(?P<telegram>[^/?#]+)"
    r"|[^/]+/(?:[^?#]{0,200}?/)?(?:web)?hooks?/(?P<other>(?:[^/?#]*/)?(?=[\w-]*[0-9])[\w-]{16,}[^?#]*)",
    re.IGNORECASE,
)
"""Addresses whose path is a secret: it is all that is needed to post."""
_HOOK_SIGNS = re.compile("hook|pagerduty|ifttt|telegram", re.IGNORECASE)
"""What each of them has in it."""
_SIGNED = re.compile(
    r"[?&;](?:amp;)?(?:sig|signature|key|auth|code|sv?c?token|x-amz-(?:signature|credential|security-token))"
    r"=(?P<value>[^\s&;\"'<>#]{16,})",
    re.IGNORECASE,
)
_CVSROOT = re.compile(r":pserver:[^:@\s]+:(?P<value>[^@\s\"'<>]+)@")
_THIN = re.compile(r"\bjdbc:oracle:\w+:[\w.-]+/(?P<value>[^@\s\"'<>]+)@")
_AT_HOST = re.compile(
    r"\b(?:s?ftp|lftp|ncftp|scp|ssh)\b[^\n;|&]{0,200}?[\s\"'][\w.+-]+:(?P<value>[^\s@:/\"'<>]+)@(?=[\w$%\[{(])"
)
"""A login in front of the host, as in an address without its scheme."""

Span = tuple[int, int, str]
"""Start and end in a text, and what it is called."""


def formed(text: str) -> Iterator[Span]:
    """Yield the spans of a text that are secrets by their form."""
    if "PRIVATE KEY" in text or "PuTTY-User-Key" in text:
        yield from _private_keys(text)
    if any(map(_KEYS.search, _long_words(text))):
        for long in _LONG.finditer(text):
            yield from ((*match.span(), "token") for match in _KEYS.finditer(text, *long.span()))
    for url in _urls(text):
        yield from _in_url(url)
    for rule, name, sign in (
        (_SIGNED, "token", "="),
        (_THIN, "password", "jdbc:oracle:"),
        (_CVSROOT, "password", ":pserver:"),
        (_AT_HOST, "password", "@"),
    ):
        for match in rule.finditer(text) if sign in text else ():
            if not harmless(match["value"]):
                yield (*match.span("value"), name)


def _long_words(text: str) -> list[str]:
    """Return what is long enough for a key; where there are blanks is found faster than all that is none."""
    long = [word for word in text.split() if len(word) >= _SHORTEST]
    return _LONG.findall(" ".join(long)) if long else []


def _urls(text: str) -> Iterator[re.Match[str]]:
    """Yield the addresses of a text; the sign between scheme and host is what is found fast."""
    end, place = 0, text.find("://")
    while place >= 0:
        scheme = _SCHEME.search(text, max(place - _LONGEST_SCHEME, end), place + 3)
        url = _URL.match(text, scheme.start()) if scheme else None
        if url is not None:
            yield url
        end = url.end() if url else place + 1
        place = text.find("://", end)


def _private_keys(text: str) -> Iterator[Span]:
    """From the first to the last line of each; to the end where a key is cut off."""
    end = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() >= end:
            closing = _END.search(text, begin.end())
            end = closing.end() if closing else len(text)
            yield begin.start(), end, "privateKey"


def _in_url(url: re.Match[str]) -> Iterator[Span]:
    start = url.start("rest")
    host = url["rest"]
    login = _USER.match(host)
    if login is not None:
        yield from _login(url["scheme"], login, start)
        start, host = start + login.end(), host[login.end() :]
    is_web = url["scheme"].lower() in ("http", "https")
    hook = _HOOKS.match(host) if is_web and _HOOK_SIGNS.search(host) else None
    if hook is not None and hook.lastgroup and not harmless(hook[hook.lastgroup]):
        begin, end = hook.span(hook.lastgroup)
        yield start + begin, start + end, "webhook"


def _login(scheme: str, login: re.Match[str], start: int) -> Iterator[Span]:
    password, user = login["password"], login["user"]
    if password and not harmless(password):
        yield start + login.start("password"), start + login.end("password"), "password"
    elif not password and scheme.lower().endswith(("http", "https")) and _TOKEN_AS_USER.fullmatch(user):
        yield start, start + len(user), "token"
