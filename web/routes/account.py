"""One's own account, by HTTP: sessions, everything that is kept, and the way out."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from dispatch.actions import account
from dispatch.ports import Tx
from web import auth
from web.call import Written, answer, begin, named, written
from web.limiter import EXPORT
from web.schemas import answers, told

router = APIRouter(prefix="/v1/me", tags=["me"])


@router.get("/sessions", **told.call("Where I am signed in", answer=answers.SessionsView))
async def get_sessions(request: Request) -> Response:
    """Every browser and program that is signed in as me."""
    call = await begin(request)
    return answer(await call.read(lambda tx, now: account.show_sessions(tx, now, call.viewer)))


@router.delete("/sessions", **told.call("Sign out everywhere else", status=204))
async def delete_sessions(request: Request) -> Response:
    """Ends every session but this one; their open sockets close at once."""
    call = await begin(request)
    await call.write(lambda tx, now: account.end_named(tx, now, call.viewer, None))
    return written(Written(None, 204))


@router.delete("/sessions/{id}", **told.call("End a session", status=204, refuses=(404,)))
async def end_session(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """Ends one session; its open sockets close at once."""
    call = await begin(request)
    name = named(id, "session")
    await call.write(lambda tx, now: account.end_named(tx, now, call.viewer, name))
    return written(Written(None, 204))


@router.get("/export", **told.call("Everything that is kept of me", answer=answers.ExportView, refuses=(429,)))
async def get_export(request: Request) -> Response:
    """My data as JSON; the audit notes that it was given out."""
    call = await begin(request)
    _ = call.person_id
    await call.limit(*EXPORT)

    def job(tx: Tx, now: datetime) -> dict[str, object]:
        return account.export_me(tx, now, call.viewer)

    return answer(
        await call.flare.store.write(job), headers={"Content-Disposition": 'attachment; filename="flare.json"'}
    )


@router.delete("", **told.call("Erase my account", status=204))
async def delete_me(request: Request) -> Response:
    """Keys, sessions and ties are gone, open asks cancelled, seats given back; claims keep "a volunteer"."""
    call = await begin(request)
    await call.write(lambda tx, now: account.erase_me(tx, now, call.viewer))
    return written(Written(None, 204), {"Set-Cookie": auth.drop_cookie(call.flare.settings)})
