"""Requests to a controller, without what a request does not need: one pool of connections, one attempt each.

requests settles authentication, certificates and proxies once; each request then goes straight to the
connection pool. A round through requests costs three times as much.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import exceptions

from jobdsl.controller.address import without_login
from jobdsl.controller.answer import Response
from jobdsl.controller.errors import NoAnswerError
from jobdsl.errors import ControllerError

__all__ = ["Server", "server_at"]


class Server:
    """A controller, asked through a connection pool.

    Redirects are not followed: they lead to pages for people. Nothing is retried here. The environment means
    what it means to python-jenkins: `JENKINS_API_EXTRA_HEADERS`, and `PYTHONHTTPSVERIFY=0`.
    """

    def __init__(
        self, url: str, user: str | None, token: str | None, threads: int, timeout: tuple[float, float]
    ) -> None:
        self.server = url if url.endswith("/") else f"{url}/"
        session = requests.Session()
        if user is not None and token is not None:
            session.auth = HTTPBasicAuth(user.encode(), token.encode())
        session.headers.update(_extra_headers())
        session.headers["User-Agent"] = "jobdsl"
        session.headers["Accept-Language"] = "en"  # in which Jenkins words a refusal
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=threads, pool_block=True)
        self.user = user if token else None  # without a token, requests are anonymous
        settings: dict[str, Any] = dict(
            session.merge_environment_settings(self.server, {}, False, session.verify, None)
        )
        if os.environ.get("PYTHONHTTPSVERIFY") == "0":
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)
            settings["verify"] = False
        first = session.prepare_request(requests.Request("GET", self.server))
        if urlsplit(self.server).scheme == "https":
            _check_authorities(settings["verify"])
        proxies = settings["proxies"]
        pool = adapter.get_connection_with_tls_context(first, settings["verify"], proxies, settings["cert"])
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        self._pool = pool
        self._base = adapter.request_url(first, proxies)
        self._headers = dict(first.headers)
        self._timeout = urllib3.Timeout(connect=timeout[0], read=timeout[1])

    def exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """Send one request; its answer, whatever the status. Raises NoAnswerError without one."""
        try:
            response = self._pool.urlopen(
                method,
                self._base + path,
                body=body,
                headers={**self._headers, **headers},
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout,
            )
        except exceptions.HTTPError as error:
            raise _no_answer(error, self.server) from None
        return Response(response.status, response.headers, response.data)


def server_at(
    url: str, user: str | None, token: str | None, threads: int, timeout: tuple[float, float]
) -> Server:
    """Prepare requests to a controller. Raises ControllerError where they cannot be sent at all.

    The libraries' own words are left out: they repeat the address of a proxy, and its password.
    """
    try:
        return Server(url, user, token, threads, timeout)
    except (
        requests.exceptions.InvalidProxyURL,
        requests.exceptions.InvalidSchema,
        exceptions.HTTPError,
        TypeError,  # of requests, for a proxy without a host
    ):
        raise ControllerError(
            "the proxy that the environment names cannot be used",
            hint="HTTP_PROXY and HTTPS_PROXY look like http://proxy.example.com:3128",
        ) from None
    except (requests.RequestException, ValueError):
        raise ControllerError(
            f"{without_login(url)!r} is not a valid controller URL",
            hint="it looks like https://jenkins.example.com/",
        ) from None


def _extra_headers() -> dict[str, str]:
    """Read `name: value` lines of the environment."""
    lines = os.environ.get("JENKINS_API_EXTRA_HEADERS", "").split("\n")
    named = [line.partition(":") for line in lines if ":" in line]
    return {name: value.strip() for name, _, value in named}


def _check_authorities(verify: bool | str) -> None:
    """Raise ControllerError where the certificates to trust cannot be read.

    requests takes their path from the environment, and reports a wrong one with the first answer only.
    """
    if isinstance(verify, bool) or verify == DEFAULT_CA_BUNDLE_PATH:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if Path(verify).is_dir():
            context.load_verify_locations(capath=verify)
        else:
            context.load_verify_locations(cafile=verify)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = "holds no certificates" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise ControllerError(
            f"{_authorities()} names {verify}, which {reason}",
            hint="name a file of certificates in PEM form, or unset it",
        ) from None


def _authorities() -> str:
    """Return the variable of the environment that names the certificates to trust, as requests reads them."""
    return next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), "")


def _no_answer(error: exceptions.HTTPError, url: str) -> NoAnswerError:
    """Return what went wrong before there was an answer, in words."""
    hint = ""
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" not in str(error):
        why, hint = "the TLS handshake failed", "is it http://?"
    elif isinstance(error, exceptions.SSLError):
        why = "its certificate is not trusted here"
        hint = "set REQUESTS_CA_BUNDLE to a file with the certificate of its authority"
        if variable := _authorities():
            hint = f"add the certificate of its authority to {os.environ[variable]}, which {variable} names"
    elif isinstance(error, exceptions.NameResolutionError):
        why = "the host name cannot be resolved"
    elif isinstance(error, exceptions.NewConnectionError):
        why = "connection refused"
    elif isinstance(error, exceptions.TimeoutError):
        why = "timed out"
    elif isinstance(error, exceptions.ProxyError):
        why = "the proxy refused the connection"
    else:
        why = "the connection was closed"
    return NoAnswerError(f"no answer from {url}: {why}", hint=hint)
