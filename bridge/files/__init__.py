"""Durable files on disk: atomic writes under one naming of partial files, fsync, private folders, free space."""
