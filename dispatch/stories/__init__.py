"""The seeds as executable stories on a stepped clock."""
