"""Jobs and views of projects, with the values each has. Runs in the child process alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jenkins_jobs.dimensions import enum_dimensions_params, is_point_included
from jenkins_jobs.expander import expand_parameters
from jenkins_jobs.formatter import enum_str_format_param_defaults, enum_str_format_required_params
from jenkins_jobs.loc_loader import LocDict, LocList
from jenkins_jobs.project import Project

from jobdsl.convert.roots import Problems, YamlRoots

__all__ = ["PlannedRow", "TemplateUse", "instances", "located", "own_values", "template_uses"]

_MOST = 20_000
"""Jobs of one project; more are a mistake, or meant to be one."""


@dataclass(slots=True, kw_only=True)
class TemplateUse:
    """A template in a project's list, perhaps through a group."""

    template: Any
    project: Project
    spec: int
    pos: Any
    group: Any = None
    arguments: LocDict
    """Values of the project, the group and the line that names the template."""
    fixed: set[str] = field(default_factory=set)
    """Variables that the group sets."""


@dataclass(slots=True, kw_only=True)
class PlannedRow:
    """A job or view before it is made."""

    use: TemplateUse
    data: Any
    values: dict[str, Any]
    """Values of variables that the project, the group or a list gives."""
    axes: list[str]
    document: str = ""


def template_uses(roots: YamlRoots, problems: Problems, *, is_view: bool) -> Iterator[TemplateUse]:
    """Yield which templates projects use, in order."""
    templates = roots.view_templates if is_view else roots.job_templates
    groups = roots.view_groups if is_view else roots.job_groups
    single = roots.views if is_view else roots.jobs
    kind = "view" if is_view else "job"
    for project in roots.projects.values():
        for index, spec in enumerate(project.view_specs if is_view else project.job_specs):
            with problems.caught(spec.pos or project.pos, str(project)):
                values = LocDict.merge(project.params, {"name": str(project.name)}, spec.params)
                if spec.name in single:
                    continue
                if spec.name in templates:
                    yield TemplateUse(
                        template=templates[spec.name],
                        project=project,
                        spec=index,
                        pos=spec.pos,
                        arguments=values,
                    )
                    continue
                if spec.name not in groups:
                    message = f"no {kind}, template or group is called {str(spec.name)!r}"
                    hint = "give the file that defines it too"
                    problems.add(spec.pos or project.pos, message, subject=str(project), hint=hint)
                    continue
                group = groups[spec.name]
                for member in group.specs:
                    if member.name in single:
                        continue
                    if member.name not in templates:
                        message = f"no {kind} or template is called {str(member.name)!r}"
                        problems.add(member.pos or group.pos, message, subject=str(group))
                        continue
                    yield TemplateUse(
                        template=templates[member.name],
                        project=project,
                        spec=index,
                        pos=spec.pos,
                        group=group,
                        arguments=LocDict.merge(values, group.params, member.params),
                        fixed={*group.params, *member.params},
                    )


def own_values(template: Any, defaults_name: Any = None) -> tuple[LocDict, Any]:
    """Return the values a template or macro has by itself, and the defaults it wants."""
    defaults = template._pick_defaults(defaults_name or template.defaults_name)
    return LocDict.merge(defaults.params, template.params), defaults


def located(value: Any) -> Any:
    """Return a value with the classes that Jenkins Job Builder has for dicts and lists."""
    if isinstance(value, dict):
        mapping = LocDict({key: located(element) for key, element in value.items()})
        mapping.pos = getattr(value, "pos", None)
        mapping.key_pos.update(getattr(value, "key_pos", {}))
        mapping.value_pos.update(getattr(value, "value_pos", {}))
        return mapping
    if isinstance(value, list):
        positions = list(getattr(value, "value_pos", ()))[: len(value)]
        return LocList(
            [located(element) for element in value],
            getattr(value, "pos", None),
            positions + [None] * (len(value) - len(positions)),
        )
    return value


def instances(use: TemplateUse, problems: Problems) -> Iterator[PlannedRow]:
    """Yield the jobs or views of a template in a project; those that cannot be expanded are problems."""
    template = use.template
    own, defaults = own_values(template, use.project.defaults_name)
    params = LocDict.merge(own, use.arguments, {"template-name": template.name})
    if template._id:
        params["id"] = template._id
    contents = LocDict.merge(defaults.contents, template.contents, pos=template.pos)
    axes = list(enum_str_format_required_params(template.name, template.name.pos))
    axes_defaults = dict(enum_str_format_param_defaults(template.name))
    count = 0
    for point in enum_dimensions_params(axes, params, axes_defaults):
        count += 1
        if count > _MOST:
            problems.add(use.pos, f"it makes more than {_MOST} jobs", subject=str(use.project))
            return
        with problems.caught(use.pos or use.project.pos, f"{use.project}, {template}"):
            expanded = expand_parameters(template._expander, LocDict.merge(params, point))
            if not is_point_included(
                exclude_list=expanded.get("exclude"),
                params=expanded,
                key_pos=expanded.key_pos.get("exclude"),
            ):
                continue
            data = template._expand_contents(contents, expanded)
            names = dict.fromkeys([*use.arguments, *point])
            yield PlannedRow(
                use=use,
                data=data,
                values={name: expanded[name] for name in names if name in expanded and name != "exclude"},
                axes=[axis for axis in axes if isinstance(params.get(axis), list)],
            )
