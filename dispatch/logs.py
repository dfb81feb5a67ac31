"""What the logs look like: lines for people, or one JSON object a line for machines (FLARE_LOG=json).

Never a token, a phone, a note or an exact place: of an error its kind and where it happened, not what it says,
since a driver's message may quote the row (tests/web/test_metrics_and_logs.py).
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import IO, Any, Final

from dispatch import traces

LINE: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
FRAMES: Final = 12
_OURS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """One object a line: at, level, logger, says, whatever was given as `extra`, and of an error where it was."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "says": record.getMessage(),
        }
        if (span := traces.here()) is not None:
            told["trace_id"] = span.trace
        told |= {name: value for name, value in vars(record).items() if name not in _OURS}
        if record.exc_info is not None and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            told["where"] = "".join(traceback.format_tb(record.exc_info[2])[-FRAMES:])
        return json.dumps(told, ensure_ascii=False, default=str)


def begin(style: str, stream: IO[str] | None = None) -> None:
    """Logs go to stderr from now on, in that style: `text` or `json`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else logging.Formatter(LINE))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # The head of the audit's chain: rows cut from its end are seen against this line alone.
    logging.getLogger("flare.audit").setLevel(logging.INFO)
