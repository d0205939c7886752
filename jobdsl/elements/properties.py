"""Properties of jobs and folders."""

from __future__ import annotations

from typing import Any

from jobdsl.elements import properties_access, properties_hosting, properties_other, properties_running
from jobdsl.elements.fields import child, children, flag
from jobdsl.elements.misc import keep
from jobdsl.elements.properties_access import *  # noqa: F403
from jobdsl.elements.properties_hosting import *  # noqa: F403
from jobdsl.elements.properties_other import *  # noqa: F403
from jobdsl.elements.properties_running import *  # noqa: F403
from jobdsl.elements.slots import Misc, Parameter, Property, Trigger

__all__ = [
    "build_discarder",
    "disable_concurrent_builds",
    "parameters",
    "pipeline_triggers",
    *properties_access.__all__,
    *properties_hosting.__all__,
    *properties_other.__all__,
    *properties_running.__all__,
]


class build_discarder(Property, xml="jenkins.model.BuildDiscarderProperty"):
    """How long builds are kept; a job's `keep=` writes it."""

    strategy: Any = child(accepts=Misc, default=keep(), first=True)


class parameters(Property, xml="hudson.model.ParametersDefinitionProperty"):
    """Parameters of a build; a job's `parameters=` writes it."""

    definitions: Any = children("parameterDefinitions", accepts=Parameter, first=True)


class pipeline_triggers(
    Property,
    xml="org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty",
    plugin="workflow-job",
):
    """What starts a Pipeline; its `triggers=` writes it."""

    triggers: Any = children(accepts=Trigger, first=True)


class disable_concurrent_builds(
    Property,
    xml="org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty",
    plugin="workflow-job",
):
    """One build of a Pipeline at a time; its `concurrent=False` writes it."""

    abort_previous: bool = flag(default=False)
