"""Plain geography: points, distances, cells, boxes, travel times and names of places.

Knows no people and no requests, imports nothing of ours, opens no network of its own
(geo/online.py is the one adapter that may, and only when somebody builds it).
Nothing is loaded at import: the tables are read at first use (tests/geo/test_import.py).
"""
