"""The simulated AWS as a server on loopback."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from typing import Any, Self

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from delivery.testing.omitted_calls import answer_omitted_calls
from delivery.testing.simulated_images import REGION, SimulatedImages
from delivery.testing.starter_account import create_starter_account

__all__ = ["AwsServer"]


class AwsServer:
    """AWS in a thread of this process, as a context manager.

    Args:
        port: on loopback; 0 for a free one. OSError at the start if it is taken.
        seconds: how long an instance takes to boot, to install, and an image to become available.
    """

    def __init__(self, port: int = 0, seconds: float = 1.0) -> None:
        self._port, self._seconds = port, seconds
        self._resources = ExitStack()
        self._server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        """Return its address, for AWS_ENDPOINT_URL."""
        assert self._server is not None, "the server is not running"
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        seconds = self._seconds
        images = SimulatedImages(
            boot=seconds, install=seconds, stopping=seconds / 2, console_lag=seconds, pending=seconds
        )
        with ExitStack() as resources:
            answer_omitted_calls()
            resources.enter_context(images.standing())
            application = DomainDispatcherApplication(create_backend_app)
            server = make_server("127.0.0.1", self._port, application, threaded=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            resources.callback(thread.join, 5)
            resources.callback(server.server_close)
            resources.callback(server.shutdown)
            self._server = server
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()
        self._server = None

    def starter_settings(self, app: str) -> str:
        """Create an account in which a service can be baked and deployed; return its `delivery.toml`."""

        def client(service: str) -> Any:
            return boto3.client(  # type: ignore[call-overload]
                service,
                region_name=REGION,
                endpoint_url=self.url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",  # noqa: S106 - of no account
            )

        return create_starter_account(client, app)
