"""Server-drawn pages that work without script."""
