"""Hints and positions between workers; never the truth."""
