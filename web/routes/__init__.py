"""The HTTP calls: each reads its input, runs one action and shows the answer."""
