"""Parameters whose choices are written at length or made by scripts: extended, active, extensible choices."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from jobdsl.elements.base import Form
from jobdsl.elements.fields import child, flag, number, raw, strings, text
from jobdsl.elements.misc_groovy import groovy_script
from jobdsl.elements.params_plain import Named
from jobdsl.elements.slots import Misc

__all__ = [
    "ChoiceProvider",
    "ChoiceScript",
    "choice_list",
    "choice_reference",
    "choices_from_files",
    "choices_from_global",
    "choices_from_groovy",
    "dynamic_choice",
    "dynamic_html",
    "extended_choice",
    "extensible_choice",
    "groovy_choices",
    "scripted_choice",
    "scriptler_choices",
]


_EXTENDED = (
    "PT_SINGLE_SELECT",
    "PT_MULTI_SELECT",
    "PT_CHECKBOX",
    "PT_RADIO",
    "PT_TEXTBOX",
    "PT_HIDDEN",
    "PT_MULTI_LEVEL_SINGLE_SELECT",
    "PT_MULTI_LEVEL_MULTI_SELECT",
    "PT_JSON",
)


class extended_choice(
    Named,
    xml="com.cwctravel.hudson.plugins.extended_choice_parameter.ExtendedChoiceParameterDefinition",
    plugin="extended-choice-parameter",
):
    """One or several of values written here, read from a file, or made by Groovy."""

    quote: bool = flag("quoteValue", default=False)
    save_json: bool = flag("saveJSONParameterToFile", default=False)
    visible: int | str = number("visibleItemCount", default=5)
    type: str = text(default="PT_SINGLE_SELECT", choices=_EXTENDED)
    value: str | None = text(default=None, first=True)
    property_file: str | None = text(default=None)
    groovy: str | None = text("groovyScript", default=None)
    groovy_file: str | None = text("groovyScriptFile", default=None)
    bindings: str | None = text(default=None)
    groovy_classpath: str | None = text(default=None)
    property_key: str | None = text(default=None)
    default: str | None = text("defaultValue", default=None)
    default_property_file: str | None = text(default=None)
    default_groovy: str | None = text("defaultGroovyScript", default=None)
    default_groovy_file: str | None = text("defaultGroovyScriptFile", default=None)
    default_bindings: str | None = text(default=None)
    default_groovy_classpath: str | None = text(default=None)
    default_property_key: str | None = text(default=None)
    delimiter: str | None = text("multiSelectDelimiter", default=",")
    description_value: str | None = text("descriptionPropertyValue", default=None)
    description_property_file: str | None = text(default=None)
    description_groovy: str | None = text("descriptionGroovyScript", default=None)
    description_groovy_file: str | None = text("descriptionGroovyScriptFile", default=None)
    description_bindings: str | None = text(default=None)
    description_groovy_classpath: str | None = text(default=None)
    description_property_key: str | None = text(default=None)
    javascript_file: str | None = text(default=None)
    javascript: str | None = text(default=None)
    project: str | None = text("projectName", default=None)

    forms = {
        "jjb": Form(
            "name description value visibleItemCount multiSelectDelimiter quoteValue defaultValue "
            "descriptionPropertyValue type propertyFile propertyKey defaultPropertyFile defaultPropertyKey "
            "descriptionPropertyFile descriptionPropertyKey bindings groovyScript groovyScriptFile "
            "groovyClasspath defaultGroovyScript defaultGroovyScriptFile defaultBindings "
            "defaultGroovyClasspath descriptionGroovyScript descriptionBindings descriptionGroovyScriptFile "
            "descriptionGroovyClasspath javascript javascriptFile saveJSONParameterToFile"
        ),
    }


class ChoiceScript(Misc):
    """What makes the choices of an active choices parameter."""

    slot = "a script for choices (params.groovy_choices or params.scriptler_choices)"


_UNO = "org.biouno.unochoice."


class groovy_choices(ChoiceScript, xml=_UNO + "model.GroovyScript", plugin="uno-choice"):
    """Groovy that returns a list or a map; `fallback` runs when it fails."""

    script: Any = child("secureScript", accepts=groovy_script, plain=True, convert=groovy_script, first=True)
    fallback: Any = child(
        "secureFallbackScript",
        accepts=groovy_script,
        plain=True,
        convert=groovy_script,
        default=groovy_script(script=""),
    )

    forms = {"fallback-first": Form("secureFallbackScript secureScript")}


class scriptler_choices(ChoiceScript, xml=_UNO + "model.ScriptlerScript", plugin="uno-choice"):
    """A script of Scriptler, by its id."""

    id: str = text("scriptlerScriptId", first=True)
    parameters: Any = raw(default=None)
    sandbox: bool | None = flag("isSandboxed", default=None)


def _form_name(name: Any) -> str:
    return f"choice-parameter-{crc32(str(name).encode())}"


class _Scripted(Named):
    """What all active choices parameters have."""

    random_name: str = text(default="")
    visible: int | str = number("visibleItemCount", default=1)
    script: Any = child(accepts=ChoiceScript, convert=groovy_choices, first=True)
    project: str | None = text("projectName", default=None)
    project_full_name: str | None = text(default=None)

    def _expand(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a name for the form; the plugin makes one up, ours is the same in every run."""
        arguments["random_name"] = arguments["random_name"] or _form_name(arguments["name"])
        return arguments

    def arguments(self) -> dict[str, Any]:
        """Without the form's name where it is the usual one."""
        arguments = super().arguments()
        if arguments.get("random_name") == _form_name(self.name):
            del arguments["random_name"]
        return arguments


_SELECT = ("PT_SINGLE_SELECT", "PT_MULTI_SELECT", "PT_CHECKBOX", "PT_RADIO")


class scripted_choice(_Scripted, xml=_UNO + "ChoiceParameter", plugin="uno-choice"):
    """Choices that Groovy makes: `scripted_choice("HOST", "return ['a', 'b']")`."""

    type: str = text("choiceType", default="PT_SINGLE_SELECT", choices=_SELECT)
    filterable: bool | None = flag(default=False)
    filter_length: int | str | None = number(default=1, least=0)


class choice_reference(_Scripted, xml=_UNO + "CascadeChoiceParameter", plugin="uno-choice"):
    """Choices that Groovy makes again whenever the parameters it references change."""

    parameters: Any = raw(default=None)
    references: str = text("referencedParameters", default="")
    type: str = text("choiceType", default="PT_SINGLE_SELECT", choices=_SELECT)
    filterable: bool | None = flag(default=False)
    filter_length: int | str | None = number(default=1, least=0)


_HTML = (
    "ET_TEXT_BOX",
    "ET_ORDERED_LIST",
    "ET_UNORDERED_LIST",
    "ET_FORMATTED_HTML",
    "ET_FORMATTED_HIDDEN_HTML",
)


class dynamic_html(_Scripted, xml=_UNO + "DynamicReferenceParameter", plugin="uno-choice"):
    """What Groovy shows of the parameters it references."""

    parameters: Any = raw(default=None)
    references: str = text("referencedParameters", default="")
    type: str = text("choiceType", default="ET_TEXT_BOX", choices=_HTML)
    no_value: bool = flag("omitValueField", default=False)


class ChoiceProvider(Misc):
    """Where an extensible choice takes its choices from."""

    slot = "a source of choices (params.choice_list or params.choices_from_...)"


_EXTENSIBLE = "jp.ikedam.jenkins.plugins.extensible_choice_parameter."
_EP = "extensible-choice-parameter"


class choice_list(ChoiceProvider, xml=_EXTENSIBLE + "TextareaChoiceListProvider", plugin=_EP):
    """Choices written here."""

    when_to_add: str | None = text("whenToAdd", default=None)
    choices: Any = strings("choiceList", first=True)
    default: str | None = text("defaultChoice", default=None)


class choices_from_global(ChoiceProvider, xml=_EXTENSIBLE + "GlobalTextareaChoiceListProvider", plugin=_EP):
    """Choices the controller keeps, by name."""

    when_to_add: str | None = text("whenToAdd", default=None)
    name: str = text(first=True)
    default: str | None = text("defaultChoice", default=None)


class choices_from_groovy(ChoiceProvider, xml=_EXTENSIBLE + "SystemGroovyChoiceListProvider", plugin=_EP):
    """Choices that Groovy returns."""

    script: Any = child("groovyScript", accepts=groovy_script, plain=True, convert=groovy_script, first=True)
    default: str | None = text("defaultChoice", default=None)
    predefined_variables: bool = flag("usePredefinedVariables", default=False)


class choices_from_files(ChoiceProvider, xml=_EXTENSIBLE + "FilenameChoiceListProvider", plugin=_EP):
    """Names of files on the controller."""

    base_dir: str = text("baseDirPath", first=True)
    include: str = text("includePattern", default="*")
    scan: str = text("scanType", default="File", choices=("File", "Directory", "FileAndDirectory"))
    exclude: str = text("excludePattern", default="")
    reverse: bool = flag("reverseOrder", default=False)
    empty: str = text("emptyChoiceType", default="None", choices=("None", "AtTop", "AtEnd"))


class extensible_choice(Named, xml=_EXTENSIBLE + "ExtensibleChoiceParameterDefinition", plugin=_EP):
    """Choices from elsewhere, to which a user may add with `editable`."""

    editable: bool = flag(default=False)
    editable_type: str | None = text(default=None, choices=("NoFilter", "Filter"))
    provider: Any = child("choiceListProvider", accepts=ChoiceProvider, first=True)


class dynamic_choice(
    Named,
    xml="com.seitenbau.jenkins.plugins.dynamicparameter.ChoiceParameterDefinition",
    plugin="dynamicparameter",
):
    """Choices that a Groovy script returns (dynamic parameter plugin)."""

    remote: bool = flag("__remote", default=False)
    script: str = text("__script", first=True)
    base_dir: Any = raw("__localBaseDirectory", default=None)
    remote_base_dir: str | None = text("__remoteBaseDirectory", default=None)
    classpath: str = text("__classPath", default="")
    read_only: bool = flag("readonlyInputField", default=False)
