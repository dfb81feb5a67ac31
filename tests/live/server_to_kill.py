"""A process of its own that serves the stream over a database and keeps writing to it: what test_kills.py kills.

Usage: python -m tests.live.server_to_kill DATABASE PORT REQUEST_ID LAST_OFFSET
"""

import asyncio
import random
import sys
from pathlib import Path

from dispatch.clock import MachineClock, SteppedClock
from dispatch.ids import SystemIds
from dispatch.store.sqlite import open_sqlite
from tests.live.world import SECRET, START, World
from web.live.hub import Hub
from web.live.sockets import FlareServer, listen, live_endpoint, serve_config


async def serve(database: Path, port: int, request_id: int, last: int) -> None:
    store = open_sqlite(database, clock=MachineClock(), ids=SystemIds(), secret=SECRET)
    hub = Hub(store, MachineClock(), luck=random.Random(1))
    here = World(store, SteppedClock(START), hub, None)  # type: ignore[arg-type]  # no positions here
    await hub.start()
    config = serve_config(live_endpoint(hub, here.authenticate), lifespan="off", log_level="critical")
    server = FlareServer(config)
    running = asyncio.create_task(server.serve(sockets=[listen("127.0.0.1", port)]))
    while (request := await store.read(lambda tx, now: tx.requests.by_id(request_id))) and request.off < last:
        await here.note(request)
    await running


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
