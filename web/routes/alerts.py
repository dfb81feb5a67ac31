"""The inbox by HTTP: what a person was told of, and their answers."""

from fastapi import APIRouter, Request, Response

from dispatch.actions import answer_alert, look
from dispatch.domain.alert import Answer
from web.call import answer, begin, named, written
from web.limiter import ANSWER
from web.schemas import answers, bodies, told

router = APIRouter(prefix="/v1", tags=["alerts"])


@router.get("/me/alerts", **told.call("My inbox", answer=answers.InboxView))
async def get_inbox(request: Request) -> Response:
    """The newest alerts and the claims that are not over."""
    call = await begin(request)
    return answer(await call.read(lambda tx, now: look.show_inbox(tx, now, call.viewer)))


@router.post(
    "/alerts/{id}/answers",
    **told.call("Answer an alert", body=bodies.AnswerBody, answer=answers.AlertView, key=True, refuses=(404,)),
)
async def post_answer(request: Request, id: str) -> Response:  # noqa: A002 - the name callers read in the document
    """Seen, or not now. A no costs nothing and somebody else is asked at once."""
    call = await begin(request, limit=ANSWER)
    person, public_id = call.person_id, named(id, "alert")
    body = await call.body(bodies.AnswerBody)
    command = answer_alert.AnswerAlert(
        alert=public_id, person_id=person, answer=Answer(body.answer), reason=body.reason
    )
    return written(await call.write(lambda tx, now: answer_alert.answer_alert(tx, now, command)))
