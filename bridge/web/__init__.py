"""What every HTTP door of ours needs; used by the API server, by `own_url` and by a page.

    listening     addresses, sockets, the rule about TLS, the limit of open files
    server        runs an ASGI application on a socket, behind the limits of `connections` and the checks of `guard`
    connections   deadlines for slow clients, and how many connections are open at once
    guard         refuses ambiguous requests, adds security headers to every answer
    access        the Host header (DNS rebinding) and tokens
    ranges, files Range and If-Range answers
    quiet         keeps URLs out of the log

Importing this package is cheap; only `server`, `connections` and `files` load the web framework.
"""
