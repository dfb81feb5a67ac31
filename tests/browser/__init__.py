"""Real browsers against a real server: what only Chromium can show."""
