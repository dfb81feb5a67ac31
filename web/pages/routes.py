"""All pages, in the order they are looked through. The pages of errors are web/pages/faults.py's.

Pages use the same actions, the same auth and the same keys as the API; nothing here decides who may see what.
"""

from typing import Final

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

ROUTERS: Final = tuple(
    part.router
    for part in (
        static,
        ask,
        calm,
        follow_acts,
        passing,
        take,
        phone,
        blocked,
        # Before /help/{alert}: /help/live is no alert's name.
        live,
        follow,
        trip,
        device,
        volunteer,
        watch,
        ground,
        desk,
    )
)
