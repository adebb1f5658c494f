"""Downloads that survive cuts and restarts, and are known to be complete before a file gets its name.

`download.download` knows nothing of any service: whoever opens the connection (with redirects, proxies, certificates)
passes it in.
"""
