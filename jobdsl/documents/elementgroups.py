"""Groups of elements that policy allows or forbids together: what gives a job more power than its kind.

An element belongs to a group by its class, by a field that holds a script, or by its place in a folder.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from jobdsl.documents.aliases import canonical, plugin_of_name
from jobdsl.documents.declared import is_typed
from jobdsl.documents.tree import class_name

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["field_group", "groups_of", "is_folder", "is_folder_setting", "is_known", "may_be_grouped"]

_SCRIPTS = "controller-scripts"
_CLASSES = {
    _SCRIPTS: (
        r".*[.$]\w*Groovy\w*",
        r"org\.jenkinsci\.plugins\.scriptler\..*",
        r".*[.$]\w*Scriptler\w*",
        r"org\.biouno\.unochoice\..*",
        r"com\.seitenbau\.jenkins\.plugins\.dynamicparameter\..*",
        r"hudson\.plugins\.emailext\.plugins\.trigger\.(?:PreBuild)?ScriptTrigger",
        r"hudson\.plugins\.groovy\.(?:FileSystem|StringSystem)ScriptSource",
    ),
    "job-generators": (
        r"javaposse\.jobdsl\..*",
        r"org\.jenkinsci\.plugins\.jobgenerator\..*",
        r"com\.joelj\.jenkins\.eztemplates\..*",
    ),
    "permissions": (
        r".*[.$]AuthorizationMatrixProperty",
        r".*[.$]AuthorizeProject\w*",
        r"org\.jenkinsci\.plugins\.authorizeproject\..*",
        r"com\.synopsys\.arc\.jenkins\.plugins\.ownership\..*",
        r"org\.jenkinsci\.plugins\.ownership\..*",
        r"(?:nectar|com\.cloudbees\.opscenter)\..*",
    ),
    "controller-files": (r"com\.michelin\.cio\.hudson\.plugins\.copytoslave\..*",),
    "folder-settings": (
        r"com\.cloudbees\.hudson\.plugins\.folder\.properties\..*",
        r"io\.jenkins\.blueocean\..*\.BlueOceanCredentialsProvider.*",
        r"org\.jenkinsci\.plugins\.configfiles\.folder\..*",
        r"org\.jenkinsci\.plugins\.workflow\.libs\.FolderLibraries",
        r"com\.cloudbees\.plugins\.credentials\.domains\..*",
        r"com\.cloudbees\.plugins\.credentials\.impl\..*",
    ),
    "shell-scripts": (
        r"hudson\.tasks\.(?:Shell|BatchFile)",
        r"hudson\.plugins\.powershell\..*",
        r"org\.jenkinsci\.plugins\.managedscripts\..*",
    ),
    "pipeline-scripts": (r"org\.jenkinsci\.plugins\.workflow\.cps\.CpsFlowDefinition",),
}
"""Classes of a group, as regular expressions that match all of a name."""
_ON_AGENTS = frozenset(
    {
        "hudson.plugins.groovy.Groovy",
        "hudson.plugins.groovy.FileScriptSource",
        "hudson.plugins.groovy.StringScriptSource",
        "org.jenkinsci.plugins.configfiles.groovy.GroovyScript",
        "io.jenkins.plugins.analysis.warnings.groovy.GroovyScript",
    }
)
"""Classes with Groovy in their name that run none on the controller."""
_FIELDS = {
    "presendScript": _SCRIPTS,
    "postsendScript": _SCRIPTS,
    "secureTriggerScript": _SCRIPTS,
    "secureScript": _SCRIPTS,
    "secureFallbackScript": _SCRIPTS,
    "resourceMatchScript": _SCRIPTS,
    "propertyFile": "controller-files",
    "defaultPropertyFile": "controller-files",
    "descriptionPropertyFile": "controller-files",
    "loadFilesFromMaster": "controller-files",
}
"""Fields that put their element into a group, by tag, unless they are empty."""
_NO_SCRIPT = frozenset({"groovyName", "groovyVersion", "groovySandbox", "useGroovySandbox"})
"""Fields with Groovy in their name that hold none."""
_EMPTY = re.compile(r"|false|\$\{?DEFAULT_\w+\}?|\$PROJECT_DEFAULT_\w+")
_FOLDERS = re.compile(r".*(?:Folder|MultiBranchProject|OrganizationFolder)")
_HARMLESS = re.compile(r"jenkins\.branch\..*|.*[.$]FolderConfig")
"""Properties of folders that Jenkins writes by itself; labels and credentials in them are looked at."""
_VALUES = re.compile(
    r"java\.util\.(?:concurrent\.)?(?:\w+(?:List|Map|Set)|Vector|Stack|Properties|Arrays\$ArrayList|Collections\$\w+)|"
    r"java\.lang\.(?:String(?:\$CaseInsensitiveComparator)?|Integer|Long|Boolean|Double|Float)|"
    r"com\.google\.common\.collect\.\w+(?:List|Map|Set)|"
    r"hudson\.util\.(?:CaseInsensitiveComparator|CopyOnWrite(?:List|Set|Map\$\w+)|DescribableList|PersistedList|Secret)|"
    r"hudson\.model\.View\$PropertyList|jenkins\.branch\.\w+\$BranchSourceList|hudson\.maven\.local_repo\.\w+|"
    r"(?:(?:empty|singleton|linked|linked-hash|sorted|tree|enum|unmodifiable)-)?(?:list|map|set)|"
    r"vector|hashtable|properties|entry|string|int|long|boolean|double|float|date|url|locale|uuid"
)
"""Lists, maps, texts and the like, and the lists of Jenkins itself."""


@lru_cache(maxsize=10_000)
def groups_of(java: str) -> frozenset[str]:
    """Return the groups a class belongs to by its name."""
    java = canonical(java)
    if java in _ON_AGENTS:
        return frozenset()
    return frozenset(
        group for group, names in _CLASSES.items() if any(re.fullmatch(name, java) for name in names)
    )


@lru_cache(maxsize=10_000)
def may_be_grouped(field: str) -> bool:
    """Return whether a field of this name may put its element into a group."""
    return field in _FIELDS or ("groovy" in field.lower() and "." not in field and field not in _NO_SCRIPT)


def field_group(element: etree._Element) -> str:
    """Return the group into which a field puts its element; empty for none."""
    name = class_name(str(element.tag))
    script = [child for child in element if child.tag in ("script", "classpath")]
    text = "".join("".join(child.itertext()) for child in script) if script else "".join(element.itertext())
    if _EMPTY.fullmatch(text.strip()) and "reference" not in element.attrib:
        return ""
    return _FIELDS.get(name, _SCRIPTS)


@lru_cache(maxsize=10_000)
def is_folder(java: str) -> bool:
    """Return whether an item of this class holds others, which get its properties."""
    return _FOLDERS.fullmatch(canonical(java)) is not None


@lru_cache(maxsize=10_000)
def is_folder_setting(java: str) -> bool:
    """Return whether a property of a folder, by its class, applies to what is in the folder."""
    return "permissions" not in groups_of(java) and _HARMLESS.fullmatch(canonical(java)) is None


@lru_cache(maxsize=10_000)
def is_known(java: str) -> bool:
    """Return whether a class is one of the vocabulary, an alias of one, or a plain value of Java."""
    if java.endswith("-array") or is_typed(java) or plugin_of_name(java) is not None:
        return True
    return _VALUES.fullmatch(java) is not None
