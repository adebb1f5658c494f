"""The weights of models that run here: which files there are, where they lie, and how they are read safely.

catalogue     the files of `weights.toml`: addresses, sizes, hashes, licences
store         the folder that holds them: present, verified, imported, removed, fetched
needed        what engines ask: is it there, where, and with which hash
reading       tensors by name, from safetensors or a torch checkpoint, without torch
"""
