"""What views are made of: columns, filters of jobs, parts of dashboards and pipelines."""

from __future__ import annotations

from jobdsl.elements import views_columns, views_filters, views_parts
from jobdsl.elements.views_columns import *  # noqa: F403
from jobdsl.elements.views_filters import *  # noqa: F403
from jobdsl.elements.views_parts import *  # noqa: F403

__all__ = [*views_columns.__all__, *views_filters.__all__, *views_parts.__all__]
