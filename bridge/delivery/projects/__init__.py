"""Project files that a delivery can carry, so that a DAW without an importer opens the stems as named tracks."""
