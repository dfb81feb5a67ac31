"""Everyone who could help, in memory: who is near, and who of them is how many hops away.

A cache over the store: losing it loses nothing, and being stale wastes a candidate at most,
because the gate is checked again in SQL when alerts are written.
How it works and what it costs: docs/roster.md.
"""

from dispatch.roster.memory import MemoryRoster

__all__ = ["MemoryRoster"]
