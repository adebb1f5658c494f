"""The composition root: builds all parts from the settings, starts them, and stops them in reverse order."""
