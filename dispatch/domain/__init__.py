"""The rules alone: no clock, network, disk or luck; time and luck are arguments."""
