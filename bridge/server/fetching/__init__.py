"""Fetching `inputurl`: a stranger's URL, followed from inside our network, and no way into that network."""
