"""How log lines look: structlog's and the standard library's alike, as text or as JSON."""

import sys
from typing import Any

# structlog imports rich for coloured tracebacks where it is installed: 4 MB and a quarter of a
# second in every process, and nobody wants boxes in a log file.
_without_rich = "rich" not in sys.modules
if _without_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]  # the way to make an import fail
import structlog  # noqa: E402
from structlog.dev import plain_traceback  # noqa: E402

if _without_rich:
    del sys.modules["rich"]

SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configuration(*, level: str, style: str) -> dict[str, Any]:
    """The value of Django's LOGGING: every line to stderr, in one style."""
    renderer: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if style == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain_traceback)]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True, "handlers": []},
            # At INFO these tell of each request of theirs, URLs and keys included.
            **{name: {"level": "WARNING"} for name in ("web3", "websockets", "aiohttp", "urllib3")},
        },
    }


def configure_structlog() -> None:
    """Send structlog's own loggers through the standard library, where LOGGING takes over."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
