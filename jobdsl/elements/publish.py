"""What happens after a build."""

from __future__ import annotations

from jobdsl.elements import (
    publish_analysis,
    publish_build,
    publish_chain,
    publish_chats,
    publish_coverage,
    publish_email,
    publish_notify,
    publish_others,
    publish_quality,
    publish_reports,
    publish_scripts,
    publish_status,
    publish_tests,
    publish_transfer,
    publish_warnings,
    publish_warnings_tools,
    publish_xunit,
)
from jobdsl.elements.publish_analysis import *  # noqa: F403
from jobdsl.elements.publish_build import *  # noqa: F403
from jobdsl.elements.publish_chain import *  # noqa: F403
from jobdsl.elements.publish_chats import *  # noqa: F403
from jobdsl.elements.publish_coverage import *  # noqa: F403
from jobdsl.elements.publish_email import *  # noqa: F403
from jobdsl.elements.publish_notify import *  # noqa: F403
from jobdsl.elements.publish_others import *  # noqa: F403
from jobdsl.elements.publish_quality import *  # noqa: F403
from jobdsl.elements.publish_reports import *  # noqa: F403
from jobdsl.elements.publish_scripts import *  # noqa: F403
from jobdsl.elements.publish_status import *  # noqa: F403
from jobdsl.elements.publish_tests import *  # noqa: F403
from jobdsl.elements.publish_transfer import *  # noqa: F403
from jobdsl.elements.publish_warnings import *  # noqa: F403
from jobdsl.elements.publish_warnings_tools import *  # noqa: F403
from jobdsl.elements.publish_xunit import *  # noqa: F403

__all__ = [
    *publish_analysis.__all__,
    *publish_build.__all__,
    *publish_chain.__all__,
    *publish_chats.__all__,
    *publish_coverage.__all__,
    *publish_email.__all__,
    *publish_notify.__all__,
    *publish_others.__all__,
    *publish_quality.__all__,
    *publish_reports.__all__,
    *publish_scripts.__all__,
    *publish_status.__all__,
    *publish_tests.__all__,
    *publish_transfer.__all__,
    *publish_warnings.__all__,
    *publish_warnings_tools.__all__,
    *publish_xunit.__all__,
]
