"""Text as a terminal, a build log or a page may show it: without what they would obey or reorder.

What comes from DSL files, Jenkins, AWS or a package may hold escape sequences, controls that show text in
another order than it has, and characters that show nothing.
"""

from __future__ import annotations

import json
import re
from html import unescape

__all__ = ["json_text", "one_line", "plain_words", "plural", "printable", "printable_xml", "shown"]

_HIDDEN = (
    "\x7f-\x9f"  # DEL and C1: 0x9b begins an escape sequence as ESC [ does
    "\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\U000e0000-\U000e0fff"  # tags: they spell ASCII that nothing shows
)
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f{_HIDDEN}]")
_LINE_CONTROLS = re.compile(f"[\x00-\x1f{_HIDDEN}]")
_MARKUP = re.compile(r"<(?:!doctype|\?xml|html|head|body|title|h1|p)\b", re.IGNORECASE)
_UNREAD = re.compile(r"<(style|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_LONGEST = 500
"""Characters of the answer of a server that an error shows."""
_IN_JSON = re.compile(f"[{_HIDDEN}]")


def printable(text: str) -> str:
    """Replace what a terminal would obey, or show in another order; tabs and line ends stay."""
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Replace what `printable` replaces, and line ends: for names and whatever stands in a line."""
    return text if text.isascii() and text.isprintable() else _LINE_CONTROLS.sub("\ufffd", text)


def plain_words(text: str) -> str:
    """Reduce the answer of a server to one line: a page of HTML or XML to its words, without line ends."""
    if _MARKUP.search(text):
        text = unescape(_TAG.sub(" ", _UNREAD.sub(" ", text.replace("\\n", " "))))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def json_text(value: object, *, indent: int | None = 2) -> str:
    """Write a value as JSON that is safe to show: characters that nothing shows are escaped, others stay."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _IN_JSON.sub(_escaped, text)


def shown(value: object) -> object:
    """Clean what a template is about to write; numbers and markup stay as they are."""
    return value if hasattr(value, "__html__") or isinstance(value, int | float) else printable(str(value))


def printable_xml(document: str) -> str:
    """Write what `printable` replaces as references to characters: the document stays the same."""
    return _CONTROLS.sub(lambda match: f"&#x{ord(match[0]):x};", document)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def plural(count: int, word: str) -> str:
    """Count things in words: `1 agent`, `2 agents`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
