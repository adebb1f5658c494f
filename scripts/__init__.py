"""Set-up and tools, run from the repository and never installed.

This file only makes sure that `scripts` is this folder, and not another package of that name on the machine.
"""
