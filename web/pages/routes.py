"""All pages behind one router: `app.include_router(router)`.

Pages use the same actions, the same auth and the same keys as the API; nothing here decides who may see what.
"""

from fastapi import APIRouter

from web.pages import ask, follow, follow_acts, live, static, take, volunteer, watch

router = APIRouter(include_in_schema=False)
for part in (static, ask, follow_acts, take, live, follow, volunteer, watch):
    router.include_router(part.router)
