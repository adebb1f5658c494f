"""Our own AudioSeparation API: the two documented calls, and what a studio needs around them.

    state      composition: everything that serves, started in order and stopped in reverse
    listen     where it listens, and the rule about TLS; the web server itself is `bridge.web`
    app        the web application; calls, extensions and files hold its handlers
    authentication  whose key a call carries, and whether it calls too often
    tables      the database: keys, ledger, tasks; nothing is promised that is not committed here
    workers    take one task after the other through work: fetch, decode, reserve, separate, keep
    fetching   the way to `inputurl`, and no way into the local network
    storage    where uploads and results lie: a folder, or an object store

Importing this package is cheap; only `app`, its handlers and `listen` need the web framework.
"""
