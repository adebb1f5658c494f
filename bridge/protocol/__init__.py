"""The AudioSeparation wire, shared by client and server: messages, codes, paths and what a minute is.

Pure: no sockets, no web framework, no HTTP library.
"""
