"""What the controller makes of a posted document: it reads it into objects and writes those back.

So classes and fields it does not know are gone, defaults are there, order is its own, secrets are encrypted.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobdsl.testing.catalogue import Catalogue
from jobdsl.testing.documents import read
from jobdsl.testing.kinds import KINDS
from jobdsl.testing.quirks import after
from jobdsl.tree import TEXT, Node, class_name

__all__ = ["Rewriter"]

_ENCRYPTED = re.compile(r"\{[A-Za-z0-9+/]+={0,2}\}")
_SECRETS = frozenset(
    {
        ("hudson.model.PasswordParameterDefinition", "defaultValue"),
        ("hudson.model.FreeStyleProject", "authToken"),
        ("hudson.matrix.MatrixProject", "authToken"),
        ("org.jenkinsci.plugins.workflow.job.WorkflowJob", "authToken"),
    }
)
_CORE = ("java.", "hudson.util.", "com.google.common.collect.")
"""Packages of collections and the like, always known."""
_BOOLEANS = ("true", "false")
_ALIASES = {"slave": "hudson.slaves.DumbSlave"} | {
    kind.tag: kind.java for kind in KINDS.values() if "." not in kind.tag
}


@dataclass(slots=True)
class Rewriter:
    """The classes of one controller: its catalogue, its plugins, and the secrets it has encrypted."""

    catalogue: Catalogue
    plugins: dict[str, str]
    """Version by short name of every installed plugin."""
    accept_unknown: bool = False
    """Keep what nobody knows instead of dropping it."""
    plain: dict[str, str] = field(default_factory=dict)
    """What the encrypted texts stand for."""
    _defaults: dict[str, Node | None] = field(default_factory=dict)

    def settle(self, root: Node, *, new: bool) -> Node:
        """The tree as the controller stores it; `new` for createItem, which differs in a few places."""
        return self._object(root, self.java(root), "", new)

    def java(self, node: Node) -> str:
        """The class a node says it is of: its `class` attribute, or its own name."""
        return node.attrs.get("class") or _ALIASES.get(node.tag) or class_name(node.tag)

    def known(self, java: str) -> bool:
        """Whether the class can be loaded: core, or of an installed plugin."""
        if self.accept_unknown or "." not in java or java.startswith(_CORE):
            return True
        plugin = self.catalogue.plugin_of(java)
        return plugin is not None and (not plugin or plugin in self.plugins)

    def _object(self, node: Node, java: str, plugin: str, new: bool) -> Node:
        """A node that is an object of a class, with the plugin that is noted around it."""
        own = self.catalogue.plugin_of(java) or ""
        attrs = dict(node.attrs)
        if own and own != plugin and own in self.plugins:
            attrs["plugin"] = f"{own}@{self.plugins[own]}"
        fields = self.catalogue.fields_of(java)
        inner = own or plugin
        if fields is None:
            written = Node(node.tag, node.text, self._elements(node, java, inner, new), attrs)
        else:
            written = Node(node.tag, "", self._fields(node, java, fields, inner, new), attrs)
            if not fields and not node.children:
                written.text = node.text
        return after(java, node, written, new)

    def _fields(
        self, node: Node, java: str, fields: Mapping[str, str | None], plugin: str, new: bool
    ) -> list[Node]:
        posted: dict[str, list[Node]] = {}
        for child in node.children:
            posted.setdefault(child.tag, []).append(child)
        written = []
        for name, default in fields.items():
            values = [self._value(child, java, default, plugin, new) for child in posted.pop(name, ())]
            kept = [value for value in values if value is not None]
            if not kept and default is not None:
                kept = [self._default(name, default, plugin)]
            written += kept
        if self.accept_unknown:
            written += [child for children in posted.values() for child in children]
        return written

    def _default(self, name: str, default: str, plugin: str) -> Node:
        if not default.startswith("<"):
            return _leaf(Node(name, default))
        node = read(default.encode())
        own = self.catalogue.plugin_of(self.java(node)) or ""
        if own and own != plugin and own in self.plugins:
            node.attrs["plugin"] = f"{own}@{self.plugins[own]}"
        return node

    def _value(self, node: Node, owner: str, default: str | None, plugin: str, new: bool) -> Node | None:
        """The value of a field; None when it cannot be read and so is not set."""
        java = node.attrs.get("class", "")
        if java and not self.known(java):
            return None
        if java:
            return self._object(node, java, plugin, new)
        if "reference" in node.attrs:
            return node
        path = f"{owner}/{node.tag}"
        if self.catalogue.fields_of(path) is not None and node.children:
            return self._object(node, path, plugin, new)
        if node.children:
            return Node(node.tag, "", self._elements(node, path, plugin, new), node.attrs)
        return self._scalar(node, owner, default)

    def _scalar(self, node: Node, owner: str, default: str | None) -> Node | None:
        if (owner, node.tag) in _SECRETS:
            return _leaf(Node(node.tag, self._encrypt(node.text), attrs=node.attrs))
        if default in _BOOLEANS:
            return Node(node.tag, str(node.text.strip().lower() == "true").lower())
        if default is not None and default.startswith("<"):
            return Node(node.tag, "", attrs=node.attrs)
        return _leaf(node)

    def _elements(self, node: Node, owner: str, plugin: str, new: bool) -> list[Node]:
        """The members of a collection, without those of unknown classes."""
        written = []
        for child in node.children:
            java = self.java(child)
            if child.tag == TEXT:
                if child.text.strip():
                    written.append(child)
            elif "." in java:
                if self.known(java):
                    written.append(self._object(child, java, plugin, new))
            else:
                written.append(self._value(child, owner, None, plugin, new) or child)
        return written

    def _encrypt(self, text: str) -> str:
        """Encrypted with a vector of its own each time, as Secret does; what is encrypted stays."""
        if not text or _ENCRYPTED.fullmatch(text):
            return text
        length = 16 * (len(text.encode()) // 16 + 1)
        sealed = (
            b"\x01" + (16).to_bytes(4, "big") + length.to_bytes(4, "big") + secrets.token_bytes(16 + length)
        )
        cipher = "{" + base64.b64encode(sealed).decode() + "}"
        self.plain[cipher] = text
        return cipher


def _leaf(node: Node) -> Node:
    """A text; an empty one keeps its end tag."""
    if node.text or node.attrs:
        return node
    return Node(node.tag, "", [Node(TEXT, "")])
