"""Passing a call on, as it is sent and answered: docs of the calls in web/routes/relays.py."""

from pydantic import Field

from web.schemas.answers import Told
from web.schemas.bodies import Body, Name


class RelayBody(Body):
    """I can't come, but I know somebody. `named`: the person waiting and whoever gets the link may read my first name.

    `name` is a guest's, who came by a passed link themselves.
    """

    named: bool = False
    name: Name | None = None


class RelayView(Told):
    """A link by which a call was passed on."""

    id: str
    request: str | None
    name: str | None = Field(description="The passer's first name, if they want it read.")
    depth: int
    opened: int
    opens_left: int
    going: bool
    created_at: str
    expires_at: str
    ended_at: str | None


class NewRelayView(RelayView):
    """The link to send; what follows # never reaches a server by itself."""

    link: str
    token: str
    member: str | None = Field(default=None, description="A guest's own token, given once.")


class RelaysView(Told):
    """The links of a call: all for its owner and coordinators, one's own for anybody else."""

    relays: list[RelayView]
    passed: dict[str, int] | None
