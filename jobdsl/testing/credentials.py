"""Credentials of the controller: kept by id, shown without their secrets, bound into builds."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobdsl.documents.tree import Node, class_name

__all__ = ["Credential", "Credentials"]

_PAIR = "com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl"
_TEXT = "org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl"
_TYPES = {_PAIR: "Username with password", _TEXT: "Secret text"}
_SECRET_FIELDS = ("password", "secret", "passphrase", "privateKey", "secretBytes")


@dataclass(slots=True)
class Credential:
    """One credential: its class and its simple fields."""

    id: str
    java: str
    fields: dict[str, str]

    @property
    def description(self) -> str:
        """What it is for."""
        return self.fields.get("description", "")

    @property
    def type_name(self) -> str:
        """The kind as people read it."""
        return _TYPES.get(self.java, self.java.rpartition(".")[2])

    def redacted(self) -> Node:
        """Its document without secrets."""
        children = [
            Node(name, children=[Node("secret-redacted")]) if name in _SECRET_FIELDS else Node(name, value)
            for name, value in self.fields.items()
        ]
        return Node(self.java, children=children)


@dataclass(slots=True)
class Credentials:
    """The credentials of the system store, global domain."""

    by_id: dict[str, Credential] = field(default_factory=dict)

    def add(self, id: str, *, secret: str = "", username: str = "", password: str = "") -> Credential:
        """Add a secret text, or user name and password, known to builds by its id."""
        common = {"scope": "GLOBAL", "id": id, "description": ""}
        pair = {"username": username, "password": password}
        fields = common | ({"secret": secret} if secret else pair)
        self.by_id[id] = Credential(id, _TEXT if secret else _PAIR, fields)
        return self.by_id[id]

    def read(self, root: Node) -> Credential:
        """Return a credential from the document it is created with."""
        fields = {child.tag: child.text for child in root.children if not child.children}
        return Credential(fields.get("id", ""), class_name(root.tag), fields)
