"""Words that occur nowhere else, wherever somebody's secrets stand: a leak of one is seen wherever it comes out.

`night` plays an ask in which all of them are used; a test then looks at one channel for what must not be there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.web.conftest import World

PLACE: Final = {"lat": 35.218734, "lon": -116.138271, "accuracy_m": 12.0, "text": "Quarlow mile 17"}
SECRETS: Final = (
    "35.218734", "35.21873", "116.138271", "116.13827", "Quarlow",  # the exact place and its words
    "555 0142", "5550142", "555 0177",  # the phones of the asker and of whoever comes
    "Zephyrine", "Xanthe", "Ysolde", "Vellum",  # a note, a later one, a contact's name, a destination
    "Lastname",  # nobody is ever called by more than a first name
)  # fmt: skip
"""What only the asker and whoever comes may read."""
HOUSE: Final = ("Quillon", "Brindle", "34.918273", "116.917263")
"""A report's reason, a name of somebody's car, where somebody who comes is: for nobody who was not told by them."""


@dataclass(frozen=True, slots=True)
class Night:
    """What was played: the ask, its links, everybody's tokens."""

    ask: str
    claim: str
    links: Mapping[str, str]
    tokens: Mapping[str, str]


def leaks(text: str, words: Iterable[str] = SECRETS + HOUSE) -> list[str]:
    """Those of the words that are in the text, whatever its case."""
    low = text.lower()
    return [word for word in words if word.lower() in low]


async def night(world: World) -> Night:
    """An ask with every secret there is; Ben is coming, Cem was asked, Dora wanted to come and was reported."""
    async with world.client("ben") as ben:
        said = await ben.put("/v1/me", json={"phone": "+1 760 555 0177", "car": "Brindle van"})
        assert said.status_code == 200, said.text
    ask = await world.ask(
        place=PLACE, note="the gate, ask for Zephyrine", destination="Vellum Street", needs=["a wheelchair"],
        contact={"name": "Ysolde", "phone": "+1 760 555 0142"}, urgency="unsafe",
    )  # fmt: skip
    await world.turn()
    claim = await world.claim("ben", ask["id"], 2)
    stranger = await world.claim("dora", ask["id"], 1)
    async with world.client("ana") as ana, world.client("ben") as ben:
        for client, path, body in (
            (ana, f"/v1/requests/{ask['id']}/notes", {"text": "the code is Xanthe"}),
            (ben, f"/v1/claims/{claim['id']}/steps", {"step": "en_route", "lat": 34.918273, "lon": -116.917263}),
            (ana, "/v1/reports", {"claim": stranger["id"], "reason": "Quillon"}),
        ):
            answer = await world.post(client, path, body)
            assert answer.status_code in (200, 201), answer.text
        where = {"lat": 34.918273, "lon": -116.917263, "accuracy_m": 9}
        assert (await ben.put("/v1/me/position", json=where)).status_code < 300
    links = {power: link.rpartition("#")[2] for power, link in ask["links"].items()}
    return Night(ask=ask["id"], claim=claim["id"], links=links, tokens=dict(world.tokens))
