"""Login by OpenID Connect: the code flow with PKCE, state and nonce; only the ID token names a user."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ..problems import ConsoleError, forbidden
from .database import Database, PendingLogin

if TYPE_CHECKING:
    from delivery.settings.console import ConsoleSettings

__all__ = ["CALLBACK", "IdentityProvider", "local_path"]

CALLBACK = "/login/callback"
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Of signatures of ID tokens; none without a public key."""
_LEEWAY_S = 60
_TIMEOUT_S = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def local_path(text: str | None) -> str:
    """Give where to go after a login: a path of this console, and nowhere else."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return "/"
    return text


class IdentityProvider:
    """The identity provider of the settings."""

    def __init__(self, console: ConsoleSettings, database: Database) -> None:
        self._console, self._oidc, self._database = console, console.oidc, database

    @property
    def _callback(self) -> str:
        return f"{(self._console.url or '').rstrip('/')}{CALLBACK}"

    def begin(self, next_path: str, now: float) -> tuple[str, str]:
        """Begin a login; gives the provider's address, and the secret for the browser's cookie."""
        metadata = self._metadata()
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        state, browser = self._database.begin_login(PendingLogin(nonce, verifier, next_path), now)
        url, _ = self._session().create_authorization_url(
            _checked(metadata.get("authorization_endpoint")), state=state, nonce=nonce, code_verifier=verifier
        )
        return str(url), browser

    def finish(
        self, parameters: dict[str, str], browser: str, now: float
    ) -> tuple[str, tuple[str, ...], str]:
        """Finish a login; gives user, groups, and where to go. ConsoleError if it is not good."""
        login = self._database.take_login(parameters.get("state", ""), browser, now)
        if login is None:
            raise forbidden("login", "This login was not begun in this browser, or has expired. Begin again.")
        if "error" in parameters or "code" not in parameters:
            raise forbidden("login", "The identity provider refuses the login.")
        try:
            claims = self._claims(parameters["code"], login, now)
        except (JoseError, AuthlibBaseError, requests.RequestException, ValueError, KeyError) as error:
            raise forbidden("login", f"The login is not valid: {type(error).__name__}.") from error
        user = claims.get(self._oidc.user_claim) or claims.get("sub")
        if not isinstance(user, str) or not user.isprintable():
            raise forbidden("login", "The identity provider names no user.")
        groups = claims.get(self._oidc.groups_claim, ())
        names = groups if isinstance(groups, list) else []
        return user, tuple(name for name in names if isinstance(name, str)), login.next

    def _claims(self, code: str, login: PendingLogin, now: float) -> dict[str, Any]:
        metadata = self._metadata()
        answer = self._session().fetch_token(
            _checked(metadata.get("token_endpoint")),
            grant_type="authorization_code",
            code=code,
            code_verifier=login.verifier,
            timeout=_TIMEOUT_S,
        )
        keys = KeySet.import_key_set(_get(_checked(metadata.get("jwks_uri"))))
        token = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS)
        oidc = self._oidc
        registry = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": oidc.issuer or ""},
            aud={"essential": True, "value": oidc.client_id or ""},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": login.nonce},
        )
        registry.validate(token.claims)
        audience = token.claims["aud"]
        if (
            isinstance(audience, list)
            and len(audience) > 1
            and token.claims.get("azp") != self._oidc.client_id
        ):
            raise ValueError("the token is for another client")
        return dict(token.claims)

    def _metadata(self) -> Any:
        issuer = self._oidc.issuer or ""
        try:
            metadata = _get(f"{_checked(issuer).rstrip('/')}/.well-known/openid-configuration")
        except (requests.RequestException, ValueError) as error:
            raise ConsoleError(502, "provider", "The identity provider does not answer.") from error
        if metadata.get("issuer") != issuer:
            raise ConsoleError(502, "provider", "The identity provider has another issuer.")
        return metadata

    def _session(self) -> Any:
        file = self._oidc.client_secret_file
        secret = Path(file).read_text("utf-8").strip() if file else None
        return OAuth2Session(
            self._oidc.client_id,
            secret,
            scope=" ".join(self._oidc.scopes),
            redirect_uri=self._callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
        )


def _checked(url: object) -> str:
    """Give an address of the provider: TLS, but on this host. ValueError."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    ):
        raise ValueError("an address of the identity provider has no TLS")
    return str(url)


def _get(url: str) -> Any:
    answer = requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
    answer.raise_for_status()
    document = answer.json()
    if answer.status_code != 200 or not isinstance(document, dict):
        raise ValueError(f"{url} gives no JSON object")
    return document
