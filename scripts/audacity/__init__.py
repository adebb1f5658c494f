"""Stems into Audacity, over its module mod-script-pipe. README.md says how; import_stems.py is what is run."""
