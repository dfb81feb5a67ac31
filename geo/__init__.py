"""Plain geography: points, distances, cells, boxes, travel times and names of places.

Knows no people and no requests, imports nothing of ours, opens no network.
Nothing is loaded at import: the tables are read at first use (tests/geo/test_import.py).
"""
