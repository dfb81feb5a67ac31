"""Stories: whole nights on a stepped clock, and the world and the people they are played with."""
