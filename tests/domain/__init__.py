"""The rules on their own: pure, quick, and true for whatever Hypothesis thinks of."""
