"""The HTTP API: real SQLite, the real application, a client of its own."""
