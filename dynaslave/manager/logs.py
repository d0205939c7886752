"""How a manager logs: one line an event, as JSON for machines or as text for people, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

from jobdsl.printable import one_line, printable

__all__ = ["configure"]

Format = Literal["text", "json"]


def _cleaned(
    logger: structlog.typing.WrappedLogger,  # noqa: ARG001  # the signature of a processor
    method: str,  # noqa: ARG001
    event: structlog.typing.EventDict,
) -> structlog.typing.EventDict:
    """One line an event: names and answers of others may hold line ends and escape sequences."""
    return {
        name: (_trace if name == "exception" else one_line)(value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def _trace(text: str) -> str:
    """A traceback whose further lines cannot be taken for events: its last ones may be what others wrote."""
    return printable(text).replace("\n", "\n    ")


def configure(form: Format, level: str = "info") -> None:
    """Send structured events to standard error. Times are ISO 8601 in UTC."""
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _cleaned,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
