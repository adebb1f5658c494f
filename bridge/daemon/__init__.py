"""The composition root: builds the rooms from the settings, starts them, and stops them in reverse."""
