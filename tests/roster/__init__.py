"""The roster against plain definitions and a real network."""
