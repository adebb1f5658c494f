"""The engine that runs band-split RoFormers on this machine."""
