"""YAML as a Reading: rows, definitions with placeholders, and what cannot be read.

Runs in the child process alone.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import resource
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jenkins_jobs import root_base
from jenkins_jobs.config import JJBConfig
from jenkins_jobs.expander import enum_required_params, expand_parameters
from jenkins_jobs.formatter import CustomFormatter
from jenkins_jobs.loc_loader import LocDict
from jenkins_jobs.yaml_objects import BaseYamlObject

from jobdsl.convert.components import LISTS, Components
from jobdsl.convert.exchange import JobGroup, JobRow, MacroCall, YamlDefinition, YamlParameter, YamlReading
from jobdsl.convert.placeholders import LIST, is_number, plain
from jobdsl.convert.roots import Problems, YamlRoots, place
from jobdsl.convert.rows import PlannedRow, instances, located, own_values, template_uses
from jobdsl.convert.timer import limited
from jobdsl.convert.units import RenderedSample, Unit
from jobdsl.convert.yamlfiles import restrict

__all__ = ["main"]

_MEMORY = 2 << 30
"""Bytes the process may have."""
_MOST_USES = 500
"""Calls of one macro that are looked at."""


def main() -> None:
    """Read a request and write what became of it."""
    request = json.load(sys.stdin)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable()
    warnings.simplefilter("ignore")
    restrict([Path(root).resolve() for root in request["roots"]])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what modules print is no answer
    reader = _Reader(request["include"], allow_empty=request["allow_empty_variables"])
    json.dump(asdict(reader.read([Path(path) for path in request["files"]])), out)
    out.close()


class _Reader:
    """Makes a Reading of files."""

    def __init__(self, include: list[str], *, allow_empty: bool) -> None:
        config = JJBConfig("/nonexistent")
        config.yamlparser["include_path"] = [*include, "."]
        config.yamlparser.update(keep_descriptions=True, allow_empty_variables=allow_empty)
        root_base.MAGIC_MANAGE_STRING = ""  # a converted estate has its own marker
        self.problems = Problems()
        self.roots = YamlRoots(config, self.problems)
        self.components = Components(config, self.roots.macros)
        self.reading = YamlReading(findings=self.problems.findings)
        self._numbers = itertools.count()
        self._uses: dict[str, list[dict[str, Any]]] = {}
        self._names: dict[tuple[bool, str], Any] = {}
        self._functions: dict[str, Any] = {}
        self._attempted: set[int] = set()
        """Templates that projects use, by identity."""

    def read(self, files: list[Path]) -> YamlReading:
        """Read the files."""
        for path in files:
            self.roots.add_file(path)
        instances_of = {is_view: self._instances(is_view) for is_view in (False, True)}
        singles = [(single, is_view) for is_view in (False, True) for single in self._singles(is_view)]
        macros = list(self._macros())
        for unit, definition in macros:
            if not unit.failure:
                self._functions[definition.key] = _arguments(definition)
        for unit, definition in macros:
            if definition.key in self._functions:
                with self.problems.caught(None, definition.key, 60):
                    self._finish(unit, definition)
        for is_view, planned in instances_of.items():
            self._templates(planned, is_view)
        for (name, root, document), is_view in singles:
            self._single(name, root, document, is_view)
        self._groups()
        return self.reading

    def _document(self, data: Any, is_view: bool) -> str:
        document, _ = self.components.document(data, is_view=is_view, uses=self._uses)
        for uses in self._uses.values():
            del uses[_MOST_USES:]
        return document

    def _is_new(self, name: str, pos: Any, is_view: bool, subject: str) -> bool:
        """Return whether no job or view before has the name; note the second one."""
        first = self._names.setdefault((is_view, name), pos)
        if first is pos:
            return True
        message = (
            f"a second {'view' if is_view else 'job'} is called {name}: the first is from {place(first)}"
        )
        self.problems.add(pos, message, subject=subject, hint="exclude it, or put what differs into the name")
        return False

    def _instances(self, is_view: bool) -> list[PlannedRow]:
        planned = []
        for use in template_uses(self.roots, self.problems, is_view=is_view):
            self._attempted.add(id(use.template))
            with self.problems.caught(use.pos or use.project.pos, str(use.project), 300):
                for instance in instances(use, self.problems):
                    label = f"{use.project}, {use.template}"
                    with self.problems.caught(use.pos or use.project.pos, label):
                        instance.document = self._document(instance.data, is_view)
                        pos = use.pos or use.project.pos
                        if self._is_new(str(instance.data["name"]), _Once(pos), is_view, label):
                            planned.append(instance)
        return planned

    def _singles(self, is_view: bool) -> Iterator[tuple[str, Any, str]]:
        for root in (self.roots.views if is_view else self.roots.jobs).values():
            with self.problems.caught(root.pos, str(root)):
                [item] = root.top_level_generate_items()
                document = self._document(item.data, is_view)
                if self._is_new(str(item.data["name"]), _Once(root.pos), is_view, str(root)):
                    yield str(item.data["name"]), root, document

    def _macros(self) -> Iterator[tuple[Unit, YamlDefinition]]:
        """Yield the macros that can be functions."""
        for kind, list_name in LISTS.items():
            for name, macro in self.roots.macros[kind].items():
                definition = _definition(f"{kind}:{name}", name, macro.pos)
                unit: Unit | None = None
                with self.problems.caught(macro.pos, str(macro), 60):
                    unit = self._macro(kind, list_name, macro)
                    unit.analyse()
                    definition.parameters, definition.variants = [*unit.parameters.values()], unit.variants
                    definition.inline = unit.base
                if unit is not None and unit.base:
                    yield unit, definition

    def _macro(self, kind: str, list_name: str, macro: Any) -> Unit:
        own, _ = own_values(macro)
        required = set(enum_required_params(macro.elements, None)) if _is_plain(macro.elements) else set()
        required |= {name for value in own.values() for name in enum_required_params(value, None)}
        key = f"{kind}:{macro.name}"

        def render(values: Mapping[str, Any], functions: Mapping[str, Any] | None) -> tuple[str, Any]:
            call = located([{str(macro.name): dict(values)}])
            data = LocDict({"name": values.get("name", "zqjob"), list_name: call})
            return self.components.document(data, functions=functions, opened=key)

        samples, seen = [], set()
        for use in self._uses.get(key, ()):
            values = {**use["given"]}
            values |= {
                name: value for name, value in use["job"].items() if name in required or name in values
            }
            if repr(values) in seen:
                continue
            seen.add(repr(values))
            with suppress(Exception), limited(10):
                samples.append(RenderedSample(values, render(values, None)[0]))
        defaults = {name: value for name, value in own.items() if _is_scalar(value)}
        defaults |= {name: value for name, value in _format_defaults(macro.elements) if name not in own}
        return Unit(
            render=render,
            fragment=self._fragment,
            samples=samples,
            defaults=defaults,
            unknown=() if samples else sorted(required - own.keys()),
            numbers=self._numbers,
        )

    def _fragment(self, component: str, values: Any) -> str:
        document, _ = self.components.of_components(component, located(values))
        tags = {"wrapper": "buildWrappers", "parameter": "parameterDefinitions", "scm": "scms"}
        tag = tags.get(component, LISTS[component])
        match = re.search(f"<{tag}(?: [^<>]*)?(?<!/)>(.*)</{tag}>", document, re.DOTALL)
        return match[1] if match else ""

    def _templates(self, planned: list[PlannedRow], is_view: bool) -> None:
        templates = self.roots.view_templates if is_view else self.roots.job_templates
        for id_, template in templates.items():
            own = [instance for instance in planned if instance.use.template is template]
            key = f"{'view' if is_view else 'job'}:{id_}"
            definition = _definition(key, str(template.name), template.pos, is_view=is_view)
            definition.name = str(id_)
            findings = len(self.problems.findings)
            unit: Unit | None = None
            with self.problems.caught(template.pos, str(template), 300):
                unit = self._template(template, own)
                unit.analyse()
                definition.parameters, definition.variants = [*unit.parameters.values()], unit.variants
                definition.inline = unit.base
                self._finish(unit, definition)
            if unit is None or not unit.base or unit.failure:
                if own and unit is not None and unit.failure:
                    message = f"{unit.failure}; jobs that differ from it are written out one by one"
                    self.problems.add(template.pos, message, subject=str(template))
                elif own or id(template) in self._attempted:
                    del self.problems.findings[findings:]
            self.reading.rows += [self._row(instance, key, definition, is_view) for instance in own]

    def _template(self, template: Any, own: list[PlannedRow]) -> Unit:
        first = own[0].use if own else None
        values, defaults = own_values(template, first.project.defaults_name if first else None)
        contents = LocDict.merge(defaults.contents, template.contents, pos=template.pos)

        def render(arguments: Mapping[str, Any], functions: Mapping[str, Any] | None) -> tuple[str, Any]:
            params = LocDict.merge(values, located(dict(arguments)), {"template-name": template.name})
            if template._id:
                params["id"] = template._id
            expanded = expand_parameters(template._expander, params)
            data = template._expand_contents(contents, expanded)
            return self.components.document(data, is_view=bool(is_view), functions=functions)

        is_view = "view-type" in template.contents
        known = {name: value for name, value in values.items() if _is_scalar(value)}
        known |= {name: value for name, value in _format_defaults(contents) if name not in values}
        required = set(enum_required_params(contents, None)) if not own else set()
        required |= (
            {name for value in values.values() for name in enum_required_params(value, None)}
            if not own
            else set()
        )
        return Unit(
            render=render,
            fragment=self._fragment,
            samples=[RenderedSample(instance.values, instance.document) for instance in own],
            defaults=known,
            unknown=sorted(required - values.keys() - {"template-name"}),
            numbers=self._numbers,
        )

    def _finish(self, unit: Unit, definition: YamlDefinition) -> None:
        """Render with macros as elements, and keep the definition."""
        rendered = unit.with_calls(self._functions)
        definition.calls = rendered[0][0]
        for variant, (text, _) in zip(definition.variants, rendered[1:], strict=True):
            variant.calls = text
        definition.macro_calls = []
        for number, (_, trace) in enumerate(rendered):
            for call in trace.calls:
                token = call.token.replace("zm", f"{number:03}zm")
                definition.macro_calls.append(
                    MacroCall(token=token, macro=call.macro, arguments=plain(call.arguments))
                )
                if number:
                    variant = definition.variants[number - 1]
                    variant.calls = variant.calls.replace(call.token, token)
                else:
                    definition.calls = definition.calls.replace(call.token, token)
        self.reading.definitions.append(definition)

    def _row(self, instance: PlannedRow, key: str, definition: YamlDefinition, is_view: bool) -> JobRow:
        use = instance.use
        parameters = {parameter.name: parameter for parameter in definition.parameters}
        values = {name: plain(value) for name, value in instance.values.items() if name in parameters}
        lists = {}
        for name in values:
            component = parameters[name].component
            if parameters[name].kind == "list" and component:
                with suppress(Exception), limited(10):
                    lists[name], _ = self.components.of_components(component, instance.values[name])
        pos = use.pos or use.project.pos
        return JobRow(
            name=str(instance.data["name"]),
            definition=key,
            file=str(pos.path),
            line=pos.line + 1,
            document=instance.document,
            values=values,
            lists=lists,
            fixed=sorted(use.fixed & values.keys()),
            axes=instance.axes,
            project=str(use.project.name),
            spec=use.spec,
            group=f"{'view' if is_view else 'job'}:{use.group.name}" if use.group is not None else "",
            is_view=is_view,
        )

    def _single(self, name: str, root: Any, document: str, is_view: bool) -> None:
        key = f"{'view' if is_view else 'job'}={name}"
        definition = _definition(key, name, root.pos, is_view=is_view)

        def render(_: Mapping[str, Any], functions: Mapping[str, Any] | None) -> tuple[str, Any]:
            [item] = root.top_level_generate_items()
            return self.components.document(item.data, is_view=is_view, functions=functions)

        with self.problems.caught(root.pos, str(root)):
            unit = Unit(
                render=render, fragment=self._fragment, samples=[RenderedSample({}, document)], defaults={}
            )
            unit.base = definition.inline = document
            self._finish(unit, definition)
        self.reading.rows.append(
            JobRow(
                name=name,
                definition=key,
                file=str(root.pos.path),
                line=root.pos.line + 1,
                document=document,
                values={},
                is_view=is_view,
            )
        )

    def _groups(self) -> None:
        for kind, groups in (("job", self.roots.job_groups), ("view", self.roots.view_groups)):
            for name, group in groups.items():
                members = [f"{kind}:{spec.name}" for spec in group.specs]
                path, line = str(group.pos.path), group.pos.line + 1
                self.reading.groups.append(
                    JobGroup(key=f"{kind}:{name}", name=str(name), file=path, line=line, members=members)
                )


class _Once:
    """A position that is no other one's, though it may be the same place."""

    def __init__(self, pos: Any) -> None:
        self.path, self.line = getattr(pos, "path", ""), getattr(pos, "line", -1)


def _definition(key: str, name: Any, pos: Any, *, is_view: bool = False) -> YamlDefinition:
    return YamlDefinition(key=key, name=str(name), file=str(pos.path), line=pos.line + 1, is_view=is_view)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, BaseYamlObject)


def _is_scalar(value: Any) -> bool:
    """Return whether a value is one that a default argument can have."""
    if isinstance(value, str):
        return "{" not in value
    return isinstance(value, bool | int | float)


def _format_defaults(value: Any) -> Iterator[tuple[str, str]]:
    """Yield variables with the values that texts give them where they have none: `{name|value}`."""
    if isinstance(value, dict):
        for key, element in value.items():
            yield from _format_defaults(key)
            yield from _format_defaults(element)
    elif isinstance(value, list):
        for element in value:
            yield from _format_defaults(element)
    elif isinstance(value, str):
        yield from CustomFormatter().enum_param_defaults(value)


def _arguments(definition: YamlDefinition) -> Any:
    """Return the function that gives the arguments of a macro's call; None where it is to be written out."""

    def arguments(values: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any] | None:
        texts = {}
        for parameter in definition.parameters:
            name = parameter.name
            if name in values or (name == "name" and name in job):
                value = job[name] if name == "name" and name in job else values[name]
            elif parameter.has_default:
                continue
            else:
                return None
            if not _fits(parameter, value, definition):
                return None
            texts[name] = value
        return texts

    return arguments


def _fits(parameter: YamlParameter, value: Any, definition: YamlDefinition) -> bool:
    if parameter.kind == "choice":
        known = [
            parameter.token,
            *(variant.value for variant in definition.variants if variant.parameter == parameter.name),
        ]
        return any(
            plain(value) == known_value and type(plain(value)) is type(known_value) for known_value in known
        )
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if parameter.kind == "number":
        return is_number(value)
    return parameter.kind == "text" and not LIST.search(str(value))
