"""The live stream: nothing missed, nothing twice, nothing to anybody who may not have it."""
