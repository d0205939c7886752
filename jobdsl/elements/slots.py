"""The slots of a job: what kind of thing each list takes. An element may belong to several."""

from __future__ import annotations

from jobdsl.elements.base import Element

__all__ = [
    "Axis",
    "Misc",
    "Parameter",
    "Property",
    "Publisher",
    "Scm",
    "Source",
    "Step",
    "Trait",
    "Trigger",
    "Wrapper",
]


class Scm(Element):
    """Where sources come from."""

    slot = "a source repository (scm.*)"


class Trigger(Element):
    """What starts a build."""

    slot = "a trigger (triggers.*)"


class Parameter(Element):
    """A parameter of a build."""

    slot = "a parameter (params.*)"


class Step(Element):
    """What a build does."""

    slot = "a build step (steps.*)"


class Wrapper(Element):
    """What surrounds a build."""

    slot = "a build wrapper (wrappers.*)"


class Publisher(Element):
    """What happens after a build."""

    slot = "a publisher (publish.*)"


class Property(Element):
    """A property of a job or a folder."""

    slot = "a property (properties.*)"


class Axis(Element):
    """An axis of a matrix job."""

    slot = "an axis (axes.*)"


class Source(Element):
    """Where branches or repositories are found."""

    slot = "a source (sources.*)"


class Trait(Element):
    """What a source does with what it finds."""

    slot = "a trait (sources.*)"


class Misc(Element):
    """A part of another element."""

    slot = "a part of an element (misc.*)"
