"""The engine that runs the HTDemucs family on this machine."""
