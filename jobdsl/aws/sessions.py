"""Sessions and clients of boto3: region, profile, role, retries and timeouts. Only here clients are made."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.session import Session

__all__ = ["AwsClients", "assume_role", "environment_region", "open_session"]

CONNECT_SECONDS = 3.1
"""A little more than three, the first pause before a lost SYN is sent again."""


def environment_region() -> str | None:
    """Return the region of AWS_REGION: boto3 reads AWS_DEFAULT_REGION alone, other tools read this first."""
    return os.environ.get("AWS_REGION") or None


def open_session(profile: str | None = None, region: str | None = None) -> Session:
    """Make a session of a profile, or of the environment. Raises what boto3 raises."""
    import boto3

    return boto3.Session(profile_name=profile, region_name=region)


def assume_role(base: Session, role: str, name: str) -> Session:
    """Make a session of a role, assumed from another session under the name `name`.

    Its credentials are renewed by themselves, so that a long run outlives them.
    """
    import boto3
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    bare: Any = botocore.session.get_session()
    source: Any = base
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=source._session.create_client,
        source_credentials=base.get_credentials(),
        role_arn=role,
        extra_args={"RoleSessionName": name},
    )
    bare._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=bare)


class AwsClients:
    """Clients of one session and region, each made when it is first needed; safe in threads.

    Calls are repeated adaptively: throttled clients slow down by themselves. AWS_ENDPOINT_URL, profiles and
    the other settings apply as boto3 has them.
    """

    def __init__(
        self,
        session: Callable[[], Session],
        *,
        program: str,
        attempts: int,
        read_seconds: float,
        asking: Callable[[str], AbstractContextManager[None]],
        region: str | None = None,
        endpoint: str | None = None,
    ) -> None:
        """Keep the settings of the clients.

        Args:
            session: makes the session, once, when the first client is made.
            program: stands in the user agent of each request.
            attempts: calls in all, the first included.
            read_seconds: how long an answer may take.
            asking: turns what boto3 raises while something is done into errors of the caller.
            region: the region of all clients; left out, that of the session.
            endpoint: the address of all services.
        """
        self._new_session = session
        self._program, self._attempts, self._read_seconds = program, attempts, read_seconds
        self._asking = asking
        self._region, self._endpoint = region, endpoint
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._clients: dict[str, Any] = {}
        self.make: Callable[[str], Any] = self._make
        """Makes the client of a service; may be replaced by one that listens to the calls of a client."""

    def client(self, service: str) -> Any:
        """Return the client of a service. Raises what `asking` makes of it where it cannot be made."""
        with self._lock:  # making a client is not safe in threads; using one is
            if service not in self._clients:
                with self._asking(f"connecting to AWS ({service})"):
                    self._clients[service] = self.make(service)
            return self._clients[service]

    def put(self, service: str, client: Any) -> None:
        """Use a client that was made before."""
        with self._lock:
            self._clients[service] = client

    def forget(self) -> None:
        """Make clients anew from now on, with all that was registered at the session meanwhile."""
        with self._lock:
            self._clients.clear()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        if self._session is None:
            self._session = self._new_session()
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
            retries={"mode": "adaptive", "total_max_attempts": self._attempts},
            user_agent_extra=self._program,
        )
        new_client: Any = self._session.client
        return new_client(service, region_name=self._region, endpoint_url=self._endpoint, config=config)
