"""Token buckets counted in Redis or Valkey: N workers give what one would, in one round trip, by Redis's own clock.

Holds nothing but hashes and numbers, each for as long as its bucket takes to fill. Never raises and never makes
callers queue: while Redis is away one caller a second finds out, within TIMEOUT_S, and everybody else is told at once
(tests/faults/test_shared_limits.py).
"""

import threading
import time
from collections.abc import Sequence

import redis

from dispatch.bus.over_redis import AGAIN_S, PREFIX, client_of
from dispatch.ports import Bucket

_COUNT = """
local t = redis.call('TIME')
local now, cost, wait, levels = t[1] + t[2] / 1000000, tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
  local speed, size = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local held = redis.call('HMGET', key, 'level', 'at')
  local level = size
  if held[1] then level = math.min(size, held[1] + math.max(0, now - held[2]) * speed) end
  levels[i] = math.min(size, level - cost)
  wait = math.max(wait, (cost - level) / speed)
end
if wait > 0 then return string.format('%.6f', wait) end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'level', string.format('%.6f', levels[i]), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil((tonumber(ARGV[2 * i + 1]) - levels[i]) / tonumber(ARGV[2 * i]) * 1000) + 1000)
end
return '0'
"""


class RedisBuckets:
    """Buckets of every process that names the same Redis. Thread-safe."""

    def __init__(self, url: str) -> None:
        self._client = client_of(url)
        self._script = self._client.register_script(_COUNT)
        self._lock = threading.Lock()
        self._again_at = 0.0
        self.away = False

    def take(self, buckets: Sequence[Bucket]) -> float | None:
        """One out of each, and 0; or none, and in how many seconds there is one in each. None: it is away."""
        return self._count(buckets, 1)

    def give_back(self, buckets: Sequence[Bucket]) -> bool:
        """One back into each."""
        return self._count(buckets, -1) is not None

    def close(self) -> None:
        """Gives its connections back."""
        self._client.close()

    def _count(self, buckets: Sequence[Bucket], cost: int) -> float | None:
        if self.away and not self._my_turn():
            return None
        given = [str(cost), *(f"{number:.9f}" for each in buckets for number in (each.per_second, each.size))]
        try:
            waited = float(self._script(keys=[f"{PREFIX}limit:{each.name}" for each in buckets], args=given))
        except (redis.RedisError, OSError):
            self.away, self._again_at = True, time.monotonic() + AGAIN_S
            return None
        self.away = False
        return waited

    def _my_turn(self) -> bool:
        """Is it this caller who tries whether it is back?"""
        with self._lock:
            if time.monotonic() < self._again_at:
                return False
            self._again_at = time.monotonic() + AGAIN_S
            return True
