"""What the controller makes of a posted document: it reads it into objects and writes those back.

So classes and fields it does not know are gone, defaults are there, order is its own, secrets are encrypted.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobdsl.documents.aliases import canonical, replacements, stored_name
from jobdsl.documents.backreferences import without_dangling
from jobdsl.documents.tree import TEXT, Node, class_name, tag_name
from jobdsl.testing.catalogue import Catalogue
from jobdsl.testing.converted import convert, replaced
from jobdsl.testing.documents import read
from jobdsl.testing.kinds import KINDS
from jobdsl.testing.quirks import after, complete, loaded

__all__ = ["Rewriter"]

_ENCRYPTED = re.compile(r"\{[A-Za-z0-9+/]+={0,2}\}")
_SECRETS = frozenset(
    {
        ("hudson.model.PasswordParameterDefinition", "defaultValue"),
        ("hudson.model.FreeStyleProject", "authToken"),
        ("com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl", "password"),
        ("hudson.matrix.MatrixProject", "authToken"),
        ("org.jenkinsci.plugins.workflow.job.WorkflowJob", "authToken"),
    }
)
_CORE = ("java.", "hudson.util.", "com.google.common.collect.")
"""Packages of collections and the like, always known."""
_ATTRIBUTES = frozenset(
    {"class", "enum-type", "ignore", "reference", "resolves-to", "serialization", "version"}
)
"""The attributes that mean something to XStream; others are not read."""
_CONVERTED = {"varPasswordPair": frozenset({"var", "password"})}
"""Elements a plugin's own converter reads, with attributes that are values."""
_STEP = re.compile(r"[^/\[\]]+")
"""The name of an element in the path of a back reference."""
_BOOLEANS = ("true", "false")


@dataclass(slots=True, kw_only=True)
class Rewriter:
    """The classes of one controller: its catalogue, its plugins, and the secrets it has encrypted."""

    catalogue: Catalogue
    plugins: dict[str, str]
    """Version by short name of every installed plugin."""
    accept_unknown: bool = False
    """Keep unknown classes and fields instead of dropping them."""
    plain: dict[str, str] = field(default_factory=dict)
    """What the encrypted texts stand for."""
    _renamed: dict[str, str] = field(default_factory=dict)
    """The names of elements of the document at hand that are written under another."""

    def settle(self, root: Node, *, new: bool) -> Node:
        """The tree as the controller stores it; `new` for createItem, which differs in a few places."""
        root = without_dangling(root)
        self._renamed.clear()
        written = self._object(root, self.java(root, is_root=True), "", new)
        if self._renamed:
            self._rename_references(written)
        return written

    def _rename_references(self, root: Node) -> None:
        """Let back references go by the names that elements have now."""
        for node in root.walk():
            if (path := node.attrs.get("reference")) is not None:
                node.attrs["reference"] = _STEP.sub(lambda step: self._renamed.get(step[0], step[0]), path)

    def java(self, node: Node, *, is_root: bool = False) -> str:
        """Return the class of a node: its `class` attribute, or its own name; it gets the name of today.

        A name without a package is an alias or a field: a kind of item only as the root, and never with text.
        """
        name = node.attrs.get("class") or class_name(node.tag)
        if "." not in name and not is_root and (name in KINDS or (node.text and not node.children)):
            return name
        java = canonical(name)
        if replacements(java):
            java = replaced(java, node)
        written = stored_name(java)
        if java.startswith("java.") or written == name:
            return java
        if "class" in node.attrs:
            node.attrs["class"] = written
        elif "." in java:
            self._renamed[node.tag] = node.tag = tag_name(written)
        return java

    def known(self, java: str) -> bool:
        """Return whether the class can be loaded: core, or of an installed plugin."""
        if self.accept_unknown or "." not in java or java.startswith(_CORE):
            return True
        plugin = self.catalogue.plugin_of(java.removesuffix("-array"))
        return plugin is not None and (not plugin or plugin in self.plugins)

    def _object(self, node: Node, java: str, plugin: str, new: bool) -> Node:
        """Return a node that is an object of a class, with the plugin that is noted around it."""
        loaded(java, node, new)
        own = self.catalogue.plugin_of(java) or ""
        attrs = self._read_attributes(node)
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
        written = after(java, node, written, new)
        if not self.accept_unknown:
            convert(java, node, written, fields or {})
        return written

    def _read_attributes(self, node: Node) -> dict[str, str]:
        read = _ATTRIBUTES | _CONVERTED.get(node.tag, frozenset())
        return {name: value for name, value in node.attrs.items() if self.accept_unknown or name in read}

    def _fields(
        self, node: Node, java: str, fields: Mapping[str, str | None], plugin: str, new: bool
    ) -> list[Node]:
        posted = {child.tag: child for child in node.children}  # the last one of a name counts
        written = []
        for name, default in fields.items():
            child = posted.pop(name, None)
            value = None if child is None else self._value(child, java, default, plugin, new)
            if value is None and default is not None:
                value = self._default(name, default, java, plugin)
            if value is not None:
                written.append(value)
        return [*written, *posted.values()] if self.accept_unknown else written

    def _default(self, name: str, default: str, owner: str, plugin: str) -> Node | None:
        if not default.startswith("<"):
            return _leaf(Node(name, default))
        return self._value(read(default.encode()), owner, default, plugin, new=False)

    def _value(self, node: Node, owner: str, default: str | None, plugin: str, new: bool) -> Node | None:
        """Return the value of a field; None when it cannot be read and so is not set."""
        node.attrs = self._read_attributes(node)
        if "reference" in node.attrs:
            return node
        if node.attrs.get("class") == "vector":
            node = Node(node.tag, node.text.strip(), node.children)
        bare = default == f"<{node.tag}/>"
        if bare:
            node.attrs.clear()  # a plain collection, whatever kind of list was posted
        java = self.java(node) if "class" in node.attrs else ""
        if java and not self.known(java):
            return None
        if java:
            return self._object(node, java, plugin, new)
        path = f"{owner}/{node.tag}"
        if self.catalogue.fields_of(path) is not None and node.children:
            return self._object(node, path, plugin, new)
        if node.children:
            return Node(node.tag, "", self._elements(node, path, plugin, new, strict=bare), node.attrs)
        return self._scalar(node, owner, default)

    def _scalar(self, node: Node, owner: str, default: str | None) -> Node | None:
        if (owner, node.tag) in _SECRETS:
            return _leaf(Node(node.tag, self._encrypt(node.text), attrs=node.attrs))
        if default in _BOOLEANS:
            return Node(node.tag, str(node.text.strip().lower() == "true").lower())
        if node.tag in _INTEGERS and not node.text.strip().lstrip("-").isdigit():
            return None
        if default is not None and default.startswith("<"):
            return Node(node.tag, "", attrs=node.attrs)
        if node.tag in _COLLECTIONS and not node.text.strip():
            return Node(node.tag, "", attrs=node.attrs)
        return _leaf(node)

    def _elements(
        self, node: Node, owner: str, plugin: str, new: bool, *, strict: bool = False
    ) -> list[Node]:
        """Return the members of a collection, without those of unknown classes.

        `strict`: only objects belong here, so a name without a package is an unknown class.
        """
        written = []
        for child in node.children:
            java = self.java(child)
            if child.tag == TEXT:
                if child.text.strip():
                    written.append(child)
            elif "." in java:
                if self.known(java):
                    stored = self._object(child, java, plugin, new)
                    written += [stored] if complete(java, stored) else []
            elif self._belongs(child.tag, strict):
                written.append(self._value(child, owner, None, plugin, new) or child)
        return written

    def _belongs(self, tag: str, strict: bool) -> bool:
        """Return whether a member named without a package is a plain value, or an alias of a known class."""
        if tag in _PLAIN or self.accept_unknown:
            return True
        if not strict and not tag[:1].isupper():
            return True
        plugin = self.catalogue.plugin_of(tag)
        return plugin is not None and (not plugin or plugin in self.plugins)

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


_PLAIN = ("string", "int", "long", "boolean", "entry", "null")
_INTEGERS = ("quietPeriod", "scmCheckoutRetryCount")
_COLLECTIONS = frozenset(
    [
        "actions",
        "allowedSlaves",
        "builders",
        "configs",
        "configuredTriggers",
        "data",
        "defaultSlaves",
        "extensions",
        "jobProperties",
        "operationList",
        "options",
        "parameterDefinitions",
        "parameters",
        "sources",
        "specifications",
        "testDataPublishers",
        "triggers",
    ]
)
"""Fields that hold lists although the catalogue fills in none."""


def _leaf(node: Node) -> Node:
    """Return a text; an empty one keeps its end tag, an empty list does not."""
    if node.text or node.attrs or node.tag in _COLLECTIONS:
        return node
    return Node(node.tag, "", [Node(TEXT, "")])
