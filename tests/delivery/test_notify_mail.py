"""Mail over TLS, with a login, and to servers with an IPv6 address."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from delivery.aws import Aws
from delivery.notify.event import DeployEvent
from delivery.notify.notifier import Notifier
from delivery.settings import loads

EVENT = DeployEvent(
    event="end", text="shop-v001 is active", application="shop", cluster="shop", account="test",
    region="eu-west-1", release="shop 2.0", outcome="deployed", user="alice", change_request="",
    build_url="", at=1_800_000_060.0, begun=1_800_000_000.0,
)  # fmt: skip
USER = 'user = "jenkins"\nsecret = "env:MAIL_PASSWORD"\n'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own for the loopback addresses, with its key."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
    options = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    command = ["openssl", "req", "-x509", *options, "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


class MailServer:
    """A mail server for one connection, which keeps what it is sent."""

    def __init__(self, certificate: Path, *, tls: str, host: str, password: str) -> None:
        self.commands: list[str] = []
        self.encrypted: list[str] = []
        """Commands that came over TLS."""
        self._tls, self._password = tls, password
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]

    def serve(self) -> None:
        """Answer one connection until it ends."""
        try:
            connection = self.listener.accept()[0]
            connection.settimeout(10)
            with connection:
                if self._tls != "tls":
                    self._talk(connection, greets=True)
                    return
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self._talk(secure, greets=True)
        except OSError:
            return

    def _talk(self, connection: socket.socket, *, greets: bool) -> None:
        received = connection.makefile("rb")
        if greets:
            connection.sendall(b"220 mail\r\n")
        for raw in received:
            line = raw.decode().strip()
            self.commands.append(line)
            if isinstance(connection, ssl.SSLSocket):
                self.encrypted.append(line)
            command = line[:8].upper()
            if command == "STARTTLS":
                connection.sendall(b"220 go\r\n")
                secure = self._context.wrap_socket(connection, server_side=True)
                with secure:
                    self._talk(secure, greets=False)
                return
            connection.sendall(self._answer(command, line))
            if command == "DATA":
                for data in received:
                    self.encrypted.append(data.decode().strip())
                    if data == b".\r\n":
                        break
                connection.sendall(b"250 ok\r\n")
            if command == "QUIT":
                return

    def _answer(self, command: str, line: str) -> bytes:
        if command.startswith("EHLO"):
            offer = b"250-STARTTLS\r\n" if self._tls == "starttls" else b""
            return b"250-mail\r\n" + offer + b"250 AUTH PLAIN\r\n"
        if command.startswith("AUTH"):
            given = b64decode(line.split()[-1]).decode().split("\0")
            return b"235 ok\r\n" if given[1:] == ["jenkins", self._password] else b"535 wrong\r\n"
        return {"DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}.get(command, b"250 ok\r\n")


@contextmanager
def mail_server(
    certificate: Path, *, tls: str, host: str = "127.0.0.1", password: str = "geheim"
) -> Iterator[MailServer]:
    server = MailServer(certificate, tls=tls, host=host, password=password)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        thread.join(10)
        server.listener.close()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    return certificate


def send(server: str, tls: str, more: str = USER) -> list[str]:
    """Send a mail; gives the warnings."""
    text = (
        f'[notify.m]\nkind = "mail"\nserver = "{server}"\ntls = "{tls}"\n{more}'
        'sender = "jenkins@example.com"\nto = ["a@example.com"]\n'
    )
    warnings: list[str] = []
    notifier = Notifier(loads(text).notify, cast(Aws, None), warnings.append, 10.0)
    notifier.send(EVENT)
    notifier.close()
    return warnings


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_password_and_mail_travel_encrypted(
    trusted: Path, monkeypatch: pytest.MonkeyPatch, tls: str, host: str
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with mail_server(trusted, tls=tls, host=host) as server:
        address = f"[{host}]" if ":" in host else host
        assert send(f"{address}:{server.port}", tls) == []
    assert any(line.startswith("AUTH PLAIN") for line in server.encrypted)
    assert "outcome: deployed" in server.encrypted
    assert all(line in server.encrypted or line[:4].upper() in ("EHLO", "STAR") for line in server.commands)


def test_a_wrong_password_is_reported_without_it(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "falsch")
    with mail_server(trusted, tls="starttls") as server:
        (warning,) = send(f"127.0.0.1:{server.port}", "starttls")
    assert "notify.m: SMTPAuthenticationError" in warning
    assert "falsch" not in warning


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted_gets_no_password(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with mail_server(certificate, tls=tls) as server:
        (warning,) = send(f"127.0.0.1:{server.port}", tls)
    assert "SSLCertVerificationError" in warning
    assert not any(line.startswith("AUTH") for line in server.commands)


def test_a_server_without_starttls_gets_no_password(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with mail_server(trusted, tls="none") as server:
        (warning,) = send(f"127.0.0.1:{server.port}", "starttls")
    assert "SMTPNotSupportedError" in warning
    assert not any(line.startswith("AUTH") for line in server.commands)
