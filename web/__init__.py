"""HTTP, pages and the live stream in front of the dispatch service."""
