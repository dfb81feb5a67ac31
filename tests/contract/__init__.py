"""The contract of the adapters: the same tests against every engine."""
