"""The pages, asked for over ASGI as a browser would without script."""
