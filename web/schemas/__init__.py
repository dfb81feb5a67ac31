"""The shapes of what comes in and goes out: strict models for bodies, documentation for answers."""
