"""Objects keep state of their own when their documents are replaced."""

from __future__ import annotations

from jobdsl.documents.kept import keep_own
from jobdsl.documents.tree import parse

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
CREDENTIALS = (
    "<com.cloudbees.hudson.plugins.folder.properties.FolderCredentialsProvider_-FolderCredentialsProperty>"
    "<secret>{AQAA}</secret>"
    "</com.cloudbees.hudson.plugins.folder.properties.FolderCredentialsProvider_-FolderCredentialsProperty>"
)
LIVE = (
    f"<{FOLDER}><properties>{CREDENTIALS}<x.Edited/></properties>"
    f'<folderViews class="H"><views><v/></views></folderViews></{FOLDER}>'
)


def test_what_the_definition_does_not_set_is_kept() -> None:
    for document in (f"<{FOLDER}><properties><x.Own/></properties></{FOLDER}>", f"<{FOLDER}/>"):
        root = parse(keep_own(document, LIVE.encode()))
        properties, views = root.find("properties"), root.find("folderViews")
        assert properties is not None
        assert views is not None
        assert properties.children[-1].tag.endswith("FolderCredentialsProperty")
        assert not any(child.tag == "x.Edited" for child in properties.children)
        assert views.attrs == {"class": "H"}


def test_what_it_sets_is_its_own() -> None:
    document = (
        f"<{FOLDER}><properties>{CREDENTIALS}</properties><folderViews><views/></folderViews></{FOLDER}>"
    )
    assert keep_own(document, LIVE.encode()) == document


def test_a_folder_with_nothing_to_keep_is_sent_as_it_is() -> None:
    assert keep_own(f"<{FOLDER}><a/></{FOLDER}>", f"<{FOLDER}><properties/></{FOLDER}>".encode()) == (
        f"<{FOLDER}><a/></{FOLDER}>"
    )


def test_views_that_are_definitions_of_their_own_are_kept_as_they_are() -> None:
    marker = (
        'Managed by jobdsl seed "main" from jobs.py:3 (3f2a9c1b7d4e). Edits made here to f/v are overwritten.'
    )
    live = _with_view(marker)
    old = _with_view("old")
    assert marker in parse(keep_own(old, live.encode())).children[0].children[0].children[0].children[0].text


def _with_view(description: str) -> str:
    view = f"<v><description>{description}</description></v>"
    return f"<{FOLDER}><folderViews><views>{view}</views></folderViews></{FOLDER}>"
