"""The configuration: what a musician may set, read once and frozen."""
