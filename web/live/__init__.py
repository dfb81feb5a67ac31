"""The live stream: the same bytes to every socket that may see them."""
