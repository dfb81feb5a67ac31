"""The server is killed and the network is cut: every watcher still applies 1..head once and in order."""

import asyncio
import random
import sys
from functools import partial
from pathlib import Path

from dispatch.client import FlareClient, Update
from tests.live.world import header_of, world
from web.live.sockets import listen

LAST, WATCHERS = 250, 6
KILLED_AT = (60, 150)


async def watch(client: FlareClient, public_id: str, seen: list[Update], far: asyncio.Condition) -> None:
    await client.follow(f"req:{public_id}")
    async for update in client:
        async with far:
            seen.append(update)
            far.notify_all()
        if update.off >= LAST:
            return


def anybody_at(heard: list[list[Update]], off: int) -> bool:
    return any(seen and seen[-1].off >= off for seen in heard)


def check(seen: list[Update]) -> int:
    """Snapshots among the updates; fails on a hole or a repeat."""
    last, snapshots = 0, 0
    for update in seen:
        if update.kind == "snapshot":
            assert update.off >= last
            snapshots += 1
        else:
            assert update.off == last + 1
        last = update.off
    assert last >= LAST
    return snapshots


def test_watchers_miss_nothing_and_hear_nothing_twice_while_the_server_is_killed_and_the_network_cut(
    tmp_path: Path,
) -> None:
    luck = random.Random(3)

    async def scene() -> None:
        async with world(tmp_path, serve=False) as here:
            viewer = await here.person()
            ask = await here.ask(viewer)
        port_holder = listen("127.0.0.1", 0)
        port = port_holder.getsockname()[1]
        port_holder.close()

        async def start() -> asyncio.subprocess.Process:
            arguments = (str(tmp_path / "flare.db"), str(port), str(ask.id), str(LAST))
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.live.server_to_kill", *arguments, cwd=Path.cwd()
            )

        far = asyncio.Condition()
        url = f"ws://127.0.0.1:{port}/v1/live"
        heard: list[list[Update]] = [[] for _ in range(WATCHERS)]
        clients = [FlareClient(url, headers=header_of(viewer), luck=lambda least, most: min(most, 0.05)) for _ in heard]
        server = await start()
        async with asyncio.timeout(50), asyncio.TaskGroup() as group:
            for client, seen in zip(clients, heard, strict=True):
                await client.__aenter__()
                group.create_task(watch(client, ask.public_id, seen, far))
            for moment in KILLED_AT:
                async with far:
                    await far.wait_for(partial(anybody_at, heard, moment))
                luck.choice(clients).drop()
                server.kill()
                await server.wait()
                server = await start()
        server.kill()
        await server.wait()
        for client in clients:
            await client.__aexit__()
        snapshots = [check(seen) for seen in heard]
        # Nothing was restored and nobody was away for more than 500 events: one snapshot each, the first.
        assert snapshots == [1] * WATCHERS

    asyncio.run(scene())
