"""Everyone who could help, in memory: a cache, and losing it loses nothing."""
