"""What safety.md promises, shown against the real thing."""
