"""Plain geography, tested without people, requests or a network."""
