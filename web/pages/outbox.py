"""What the outbox on a phone says of an ask or of seats that are not sent yet (web/static/ask.js).

Pure. It never says that anything was sent before the server said so.
"""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from web.pages.render import Reader

SAYS: Final = {
    "kept": "No signal. Your ask is kept on this phone and goes out by itself. Leave this page open.",
    "kept_seats": "Kept on this phone, not sent. The seats are not yours yet.",
    "busy": "Flare is busy. Your ask is kept and will be sent.",
    "busy_seats": "Flare is busy. The seats are not yours yet.",
    "many": "Many asks from here. Next one at {time}. In danger, call {number}.",
    "sending": "Sending…",
    "sent": "Sent {time}",
    "refused": "Not accepted",
    "old": "You wrote this at {time}. Still needed?",
    "old_seats": "You chose this at {time}. Still want these seats?",
    "follow": "Follow it",
    "look": "See why",
    "send_now": "Send now",
    "throw": "Throw away",
}
SMS: Final = {"sms": "Send by SMS"}
_LATER: Final = ("place", "far", "time")
"""What only the phone knows: the script puts it in."""


def says(reader: Reader, *more: Mapping[str, str]) -> dict[str, Markup]:
    """The sentences for the script by name, what it fills in itself left open."""
    known = {"number": reader.number} | {slot: "{" + slot + "}" for slot in _LATER}
    sentences = {name: text for table in (SAYS, *more) for name, text in table.items()}
    return {name: reader.speak.t(text, **known) for name, text in sentences.items()}
