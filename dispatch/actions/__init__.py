"""One file, one intention: load, ask the domain, save, append events."""
