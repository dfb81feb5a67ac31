"""The live stream in words a machine reads: the AsyncAPI 3 document of `/asyncapi.json`, and the tables of its docs.

Pure data built from the code: kinds, codes and bounds come from where they are decided, so that the document
can't say anything else. Every frame a test sees is checked against it (tests/live/test_asyncapi.py).
"""

from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

from dispatch.domain import limits
from dispatch.domain.events import EventKind, InboxKind
from web.live.conversation import MEANING, PING_AFTER_S, VERSION, Code

Schema = dict[str, Any]

_ID: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": limits.SUB_ID_MAX}
_OFF: Final[Schema] = {"type": "integer", "minimum": 0}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_TEXT: Final[Schema] = {"type": "string"}
_ENTRY: Final[Schema] = {
    "type": "object",
    "required": ["id", "v", "cell"],
    "properties": {"id": _TEXT, "v": _OFF, "cell": {"type": "string", "description": "H3 cell, never finer than 6"}},
}
_GONE: Final[Schema] = {"type": "object", "required": ["id", "v"], "properties": {"id": _TEXT, "v": _OFF}}
_KINDS: Final = [str(kind) for kind in (*EventKind, *InboxKind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One kind of frame: who sends it, what it says, what it holds."""

    name: str
    from_client: bool
    says: str
    holds: Schema = field(default_factory=dict)
    may_hold: Schema = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """Its JSON Schema. More fields may come later: readers ignore what they don't know."""
        return {
            "type": "object",
            "required": ["f", *self.holds],
            "properties": {"f": {"const": self.name}, **self.holds, **self.may_hold},
        }


FRAMES: Final = (
    Frame(
        name="hello",
        from_client=True,
        says=f"The first frame, within {limits.HELLO_S} s.",
        holds={"v": {"const": VERSION}},
    ),
    Frame(
        name="sub",
        from_client=True,
        says="Follow a topic, from a position if there is one. The same id again replaces.",
        holds={"id": _ID, "topic": _TEXT},
        may_hold={"epoch": {"type": ["string", "null"]}, "off": {"type": ["integer", "null"], "minimum": 0}},
    ),
    Frame(name="unsub", from_client=True, says="Stop following.", holds={"id": _ID}),
    Frame(name="pong", from_client=True, says=f"The answer to a ping, within {limits.PONG_S} s.", holds={"n": _WHOLE}),
    Frame(
        name="welcome",
        from_client=False,
        says="The answer to a hello.",
        holds={"heartbeat_s": _WHOLE, "max_age_s": _WHOLE},
    ),
    Frame(
        name="subbed",
        from_client=False,
        says="Where a subscription stands from now on. May come again by itself when what its reader may see changes.",
        holds={"id": _ID, "mode": {"enum": ["resume", "snapshot", "denied"]}, "epoch": _TEXT, "off": _OFF},
        may_hold={"state": {"type": "object", "description": "With `snapshot` only."}},
    ),
    Frame(
        name="ev",
        from_client=False,
        says="Something has happened. `off` is the last one + 1, always.",
        holds={"id": _ID, "off": _OFF, "kind": {"enum": _KINDS}, "body": {"type": "object"}, "at": _TIME},
    ),
    Frame(
        name="map",
        from_client=False,
        says="What has changed on a map, at most once a second; at once after a quiet one. An older `v` is ignored.",
        holds={"id": _ID, "put": {"type": "array", "items": _ENTRY}, "del": {"type": "array", "items": _GONE}},
    ),
    Frame(
        name="pos",
        from_client=False,
        says="Where somebody on the way is. The latest per `who` counts; some may be lost.",
        holds={
            "id": _ID,
            "who": {"type": "string", "description": "`requester`, or a claim's id"},
            "lat": {"type": "number"},
            "lon": {"type": "number"},
            "accuracy_m": {"type": ["number", "null"]},
            "at": _TIME,
        },
    ),
    Frame(
        name="ping",
        from_client=False,
        says=f"Each {PING_AFTER_S[0]:g} to {limits.HEARTBEAT_S} s. A head ahead of yours: something was lost. "
        "`retry_ms`: if all ends without a `bye`.",
        holds={"n": _WHOLE, "heads": {"type": "object", "additionalProperties": _OFF}, "retry_ms": _WHOLE},
        may_hold={
            "maps": {
                "type": "object",
                "description": "Per map: how many entries, and the XOR of their fingerprints.",
                "additionalProperties": {"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2},
            }
        },
    ),
    Frame(
        name="bye",
        from_client=False,
        says="The last frame: the close code, and over how many milliseconds to spread the return.",
        holds={"code": {"enum": [int(code) for code in Code]}, "retry_ms": _WHOLE},
    ),
)

TOPICS: Final = {
    "req:<id>": "One ask: dense offsets 1, 2, 3 …; fields by role. Owner, claimers, members, holders of a link.",
    "inbox": "One's own alerts and claims: dense offsets.",
    "map:<cell>, map:*": "Asks by H3 cell of resolution 4, or everywhere: entries by id with a version.",
    "pos:<id>": "People on the way: latest wins. The owner and standing claimers, between claim and meeting.",
}


def document(version: str | None = None) -> dict[str, Any]:
    """The AsyncAPI 3.0 document, ready for JSON; without a version, of the one that is installed."""
    version = version or metadata.version("flare-dispatch")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Flare live stream", "version": version, "description": _description()},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/v1/live",
                "title": "Websocket, JSON text frames",
                "messages": {frame.name: {"$ref": f"#/components/messages/{frame.name}"} for frame in FRAMES},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "fromClient": _operation("receive", from_client=True),
            "fromServer": _operation("send", from_client=False),
        },
        "components": {
            "messages": {
                frame.name: {"name": frame.name, "summary": frame.says, "payload": frame.schema} for frame in FRAMES
            }
        },
        "x-close-codes": {str(int(code)): {"says": MEANING[code], "comeBack": code < Code.BAD_FRAME} for code in Code},
        "x-topics": TOPICS,
    }


def _operation(action: str, *, from_client: bool) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [
            {"$ref": f"#/channels/live/messages/{frame.name}"} for frame in FRAMES if frame.from_client == from_client
        ],
    }


def _description() -> str:
    return (
        "Follow asks, an inbox, the map and positions. Position = (epoch, offset); another epoch means start from the "
        f"snapshot. At most {limits.SUBS} topics a connection, {limits.FRAMES_PER_S} frames a second (burst "
        f"{limits.FRAMES_BURST}) and {limits.FRAME_BYTES:,} bytes a frame from a client. Commands go by HTTP only."
    )


def frames_table() -> str:
    """Markdown: every frame, who sends it, what it holds."""
    rows = ["| frame | from | holds | says |", "|---|---|---|---|"]
    for frame in FRAMES:
        holds = ", ".join([*frame.holds, *(f"{name}?" for name in frame.may_hold)])
        rows.append(f"| `{frame.name}` | {'client' if frame.from_client else 'server'} | {holds} | {frame.says} |")
    return "\n".join(rows)


def codes_table() -> str:
    """Markdown: every close code of ours and whether to come back."""
    rows = [
        f"| {int(code)} | {MEANING[code]} | {'yes' if code < Code.BAD_FRAME else 'not by yourself'} |" for code in Code
    ]
    return "\n".join(["| code | why | come back |", "|---|---|---|", *rows])


def topics_table() -> str:
    """Markdown: every topic."""
    return "\n".join(["| topic | what |", "|---|---|", *(f"| `{name}` | {says} |" for name, says in TOPICS.items())])
