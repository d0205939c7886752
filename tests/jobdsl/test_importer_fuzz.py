"""Documents nobody would write: a clear error, or an estate that gives them back; never anything else.

JOBDSL_FUZZ is how many mutated documents to try (2000 unless given).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jobdsl
from jobdsl import scm, steps, triggers
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError, XmlError
from jobdsl.importer import import_estate
from jobdsl.importer.codegen import Writer
from jobdsl.importer.convert import DocumentSource, convert, fingerprint
from jobdsl.importer.pretty import show
from jobdsl.importer.secrets import Taken

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("JOBDSL_FUZZ", "2000"))
PIECES = [
    b"&#x1;", b"&#27;", b"&#0;", b"&#xffff;", b"&#xd800;", b"\x00", b"\x1b", b"&lt;", b"&amp;", b"&x;",
    b"]]>", b"<![CDATA[ x ]]>", b"<!-- c -->", b"<?pi?>", b"<!DOCTYPE a>", b"&#xd;", b"&#x85;", b"&#x2028;",
    b"\xff", b"\xe2\x80\xa8", b"\xc3", b"<a/>", b"</a>", b'<b c="d"/>', b" ", b"\n", b"{}", b"\\",
    b"${jobdsl:secret:x}", b"'''", b'"""', b"<string>x</string>", b"\xf3\xb0\x80\x81", b"<_text/>",
    b"xml:space='preserve'", b"xmlns:q='u'",
]  # fmt: skip
TEXTS = [
    b"",
    b"true",
    b"maybe",
    b"-1",
    b"9" * 20,
    b"1e5",
    b"\xc2\xa0",
    b"$X",
    b"H H * * *",
    b"x" * 1000,
    b"&#xd;\n",
]
ENCODINGS = [b"UTF-16", b"ISO-8859-1", b"utf-7", b"EBCDIC", b"x", b"US-ASCII", b"windows-1252"]


def documents() -> list[bytes]:
    """Sound documents of several kinds, with elements of several slots."""
    git = scm.git("https://git.example.com/api.git", branch="main", credentials="deploy")
    made = [
        jobdsl.freestyle(
            "job",
            description="Builds\n<b>all</b> of it",
            scm=git,
            agent="linux && docker",
            trigger_token="hunter2",
            triggers=[triggers.cron("H 2 * * *"), triggers.poll_scm("H/15 * * * *")],
            steps=[
                steps.shell("#!/bin/bash\nset -e\nmake 'x' \"y\" && echo \\"),
                jobdsl.element("com.example.Foo", a=1, b=[jobdsl.element("com.example.Bar", password="p")]),
            ],
            keep=5,
        ),
        jobdsl.pipeline("pipe", script='node {\n  sh "make"\n}\n', concurrent=False),
        jobdsl.pipeline("scm", scm=git, triggers=[triggers.cron("@daily")]),
        jobdsl.multibranch("multi", sources=[]),
        jobdsl.folder("folder", description="Team"),
        jobdsl.list_view("view", jobs=["a", "b"], regex="x.*"),
        jobdsl.item(
            "odd", jobdsl.element("com.example.Job", jobdsl.element("x"), jobdsl.element("x", y="1"))
        ),
    ]
    return [one.xml.encode() for one in made]


def mutated(document: bytes, chance: random.Random) -> bytes:
    """The document with some bytes changed, moved, doubled or gone, or in another encoding."""
    data = bytearray(document)
    for _ in range(chance.choice([1, 1, 1, 2, 5, 20])):
        _mutate(data, chance)
    if chance.random() < 0.02:
        try:
            return data.decode().encode(chance.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig"]))
        except UnicodeError:
            pass
    return bytes(data)


def _mutate(data: bytearray, chance: random.Random) -> None:  # noqa: C901  # a list of what can go wrong
    at, other = (chance.randrange(len(data) or 1) for _ in range(2))
    match chance.randrange(9):
        case 0 if data:
            data[at] ^= 1 << chance.randrange(8)
        case 1:
            data[at:at] = chance.choice(PIECES)
        case 2:
            del data[at : at + chance.randrange(1, 50)]
        case 3:
            data[at:at] = data[other : other + chance.randrange(1, 400)]
        case 4 if data:
            data[at] = chance.randrange(256)
        case 5 if chance.random() < 0.1:
            del data[at:]
        case 6:
            data[:] = data.replace(b'version="1.0"', b'version="1.1"')
        case 7:
            data[:] = data.replace(b"UTF-8", chance.choice(ENCODINGS))
        case 8:
            start = data.find(b">", at)
            end = data.find(b"<", start)
            if 0 <= start < end:
                data[start + 1 : end] = chance.choice(TEXTS)


def many(count: int) -> Iterator[bytes]:
    chance = random.Random(20261123)
    sound = documents()
    for _ in range(count):
        yield mutated(chance.choice(sound), chance)


def comes_back(document: bytes) -> bool:
    """Whether the document's source, run, renders an equal document. Raises JobdslError for no document."""
    secrets = Taken()
    made = convert(DocumentSource("team/job", document, "job.xml", is_view=False), "job", Writer(), secrets)
    assert made.code is not None
    words: dict[str, Any] = {word: getattr(jobdsl, word) for word in made.uses}
    rendered = eval(show(made.code, "", 0), words).render()
    return fingerprint(parse(Secrets(secrets.values).fill(rendered))) == made.print


def test_mutated_documents_come_back_or_are_told() -> None:
    sound = 0
    for position, document in enumerate(many(COUNT)):
        try:
            assert comes_back(document), f"document {position}: {document!r}"
            sound += 1
        except JobdslError:
            continue
    assert sound > COUNT / 10  # the mutations are not all fatal


def test_an_estate_of_mutated_documents_loads(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for position, document in enumerate(many(300)):
        (home / f"job {position}.xml").write_bytes(document)
    said: list[str] = []
    result = import_estate(home, tmp_path / "estate", echo=said.append)
    assert result.equal + len(result.broken) == 300
    assert result.equal > 50
    assert sum(line.startswith("NOT IMPORTED") for line in said) == len(result.broken)


def bomb(attribute: bool) -> str:
    entities = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    use = "<x y='&a9;'/>" if attribute else "<x>&a9;</x>"
    return f"<!DOCTYPE x [<!ENTITY a0 'ha'>{entities}]>{use}"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (bomb(attribute=False), "amplification|DOCTYPE"),
        (bomb(attribute=True), "amplification|DOCTYPE"),
        ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "DOCTYPE"),
        ("<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'><x/>", "DOCTYPE"),
        ("<x>" * 250 + "</x>" * 250, "deeper than 200 levels"),
        ("<x>" * 100_000, "depth"),
        ("<x>" + "a\n" * 6_000_000 + "</x>", "too long"),
        ("<project>" + "<a/>" * 300_000 + "</project>", "more than 100000 elements"),
        ("<x " + " ".join(f"a{i}=''" for i in range(20_000)) + "/>", "more than 1000 attributes"),
        ("<x xmlns:a='b' a:c='d'/>", "namespace"),
        ("<a:x xmlns:a='b'/>", "namespace"),
        ("<?xml version='1.1'?><x>&#x1;\U000f0001</x>", "control characters"),
        ("", "empty"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_evil_documents_are_told(document: str, why: str) -> None:
    with pytest.raises(XmlError, match=why):
        comes_back(document.encode())


@pytest.mark.parametrize(
    "document",
    [
        "<x>" * 190 + "</x>" * 190,
        "<project><description>" + "a\n" * 300_000 + "</description></project>",
        "<x xml:lang='en' xml:space='preserve'> </x>",
        "<!-- c --><?pi?><x><![CDATA[<&]]></x>",
        "<?xml version='1.1'?><x>&#x1;&#x1f;\x85\u2028</x>",
        "<?xml version='1.0' encoding='UTF-16'?><x>中</x>",
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_unusual_documents_come_back(document: str) -> None:
    encoding = "utf-16" if "UTF-16" in document else "utf-8"
    assert comes_back(document.encode(encoding))
