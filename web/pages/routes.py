"""All pages behind one router. The pages of errors are web/pages/faults.py's.

Pages use the same actions, the same auth and the same keys as the API; nothing here decides who may see what.
"""

from fastapi import APIRouter

from web.pages import (
    ask,
    blocked,
    calm,
    desk,
    device,
    follow,
    follow_acts,
    ground,
    live,
    passing,
    phone,
    static,
    take,
    trip,
    volunteer,
    watch,
)

router = APIRouter(include_in_schema=False)
for part in (
    static,
    ask,
    calm,
    follow_acts,
    passing,
    take,
    phone,
    blocked,
    live,
    follow,
    trip,
    device,
    volunteer,
    watch,
    ground,
    desk,
):
    # Before /help/{alert}: /help/live is no alert's name.
    router.include_router(part.router)
