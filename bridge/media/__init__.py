"""Audio and video containers: what a file is, and whether all its audio is there.

`formats` is the one table; a module for each family judges; `completeness` is the entry point of all doors and of the
decoder. Nothing here raises for the bytes of a file, and every judge does a bounded amount of work.
"""
