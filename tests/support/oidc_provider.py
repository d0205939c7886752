"""A provider of OpenID Connect on loopback: logs everybody in at once, and can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey

__all__ = ["Provider", "provider"]

CLIENT, SECRET = "console", "client-secret"


@dataclass
class Provider:
    """What it says of whom."""

    url: str = ""
    user: str = "alice"
    groups: tuple[str, ...] = ("shop-team",)
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims of ID tokens in place of the right ones; None leaves one out."""
    signing: str = "right"
    """right, other (a key that is not published), none, hmac (with the public key)."""
    issuer: str | None = None
    """In its metadata; None for the right one."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "a"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "a"}))

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Log in at once; gives where the browser is sent."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Give tokens for a code, once; None if it is not good."""
        query = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if query is None or authorization != f"Basic {expected}":
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            return None
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url, "aud": CLIENT, "sub": f"id-{self.user}", "iat": now, "exp": now + 300,
            "nonce": query["nonce"], "preferred_username": self.user, "groups": list(self.groups),
        }  # fmt: skip
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return {"access_token": "x", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.signing == "none":
            parts = [{"alg": "none", "typ": "JWT"}, claims]
            return ".".join(
                [
                    *(
                        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
                        for part in parts
                    ),
                    "",
                ]
            )
        if self.signing == "hmac":
            public = OctKey.import_key(self.key.as_pem(private=False))
            return jws.serialize_compact({"alg": "HS256", "kid": "a"}, json.dumps(claims).encode(), public)
        key = self.other if self.signing == "other" else self.key
        return jwt.encode({"alg": "RS256", "kid": "a"}, claims, key)


@contextmanager
def provider() -> Iterator[Provider]:
    """The provider for as long as the block runs."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            made.requests.append(parts.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._json(made.metadata())
            elif parts.path == "/keys":
                self._json({"keys": [made.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", made.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._json({}, 404)

        def do_POST(self) -> None:
            made.requests.append(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            answer = made.token(form, self.headers.get("Authorization", ""))
            self._json(answer or {"error": "invalid_grant"}, 200 if answer else 400)

        def _json(self, value: object, status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
