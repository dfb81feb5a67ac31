"""One suite for every adapter, and what comes in from outside."""
