"""Redis is killed, comes back, goes deaf: hints travel slower for a while, and a bus knows how it stands."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from dispatch.bus.over_redis import Probing, RedisBus
from tests.faults.mortal import MortalValkey, mortal_valkey
from tests.support.engines import short_folder
from tests.support.site import until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(60)]
QUICK = Probing(every_s=0.1, heard_within_s=0.2, missed=2)


class DeafEar:
    """A line to Redis that, when told so, hands on everything but what Redis says by itself."""

    def __init__(self, redis_socket: str) -> None:
        self._to, self.deaf = redis_socket, False
        self.path = str(short_folder() / "ear.sock")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.path)
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._to)
            threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, inward: bool) -> None:
        try:
            while data := source.recv(65_536):
                if not (inward and self.deaf and b"pmessage" in data):
                    target.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            target.close()

    def close(self) -> None:
        self._server.close()
        shutil.rmtree(Path(self.path).parent)


@pytest.fixture
def ear(redis_url: str) -> Iterator[DeafEar]:
    held = DeafEar(redis_url.removeprefix("unix://").partition("?")[0])
    yield held
    held.close()


def test_a_bus_that_went_deaf_is_noticed_by_its_own_probe_and_connects_anew(ear: DeafEar) -> None:
    async def story() -> None:
        heard: list[Mapping[str, object]] = []
        bus = RedisBus(f"unix://{ear.path}", QUICK)
        bus.subscribe("journal", heard.append)
        try:
            await until(lambda: bus.connected)
            bus.publish("journal", {"n": 1})
            await until(lambda: heard == [{"n": 1}])
            ear.deaf = True
            await until(lambda: not bus.connected, 10)
            assert bus.deaf >= 1
            ear.deaf = False
            await until(lambda: bus.connected, 10)
            bus.publish("journal", {"n": 2})
            await until(lambda: heard[-1] == {"n": 2})
        finally:
            bus.close()

    asyncio.run(story())


def test_a_redis_that_dies_and_comes_back_again_and_again_is_found_each_time(rounds: int) -> None:
    async def story(server: MortalValkey) -> None:
        heard: list[Mapping[str, object]] = []
        bus = RedisBus(server.url, QUICK)
        bus.subscribe("journal", heard.append)
        try:
            for number in range(rounds):
                await until(lambda: bus.connected, 10)
                bus.publish("journal", {"n": number})
                await until(partial(heard.__contains__, {"n": number}))
                server.kill()
                await until(lambda: not bus.connected, 10)
                failed = bus.failures
                bus.publish("journal", {"n": -1})
                assert bus.failures > failed
                server.start()
        finally:
            bus.close()

    with mortal_valkey() as server:
        asyncio.run(story(server))
