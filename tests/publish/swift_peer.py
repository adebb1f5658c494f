"""OpenStack Swift with its S3 API, in one process on loopback: proxy, account, container and object server.

    /usr/bin/python3 swift_peer.py FOLDER

Runs under the Python that Debian's Swift belongs to. Prints the proxy's port once all of it listens; what is stored
lies in FOLDER, on a file system with extended attributes. Ends with its standard input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import eventlet  # type: ignore[import-not-found]
import eventlet.tpool  # type: ignore[import-not-found]

eventlet.monkey_patch()

import swift.common.utils  # type: ignore[import-not-found]  # noqa: E402

BACK_ENDS = ("account", "container", "object")
POLICY = """
[swift-hash]
swift_hash_path_suffix = test
[storage-policy:0]
name = one
default = yes
"""
BACK_END = """
[DEFAULT]
devices = {folder}
swift_dir = {folder}
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
fallocate_reserve = 0
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{kind}
disable_fallocate = true
"""
PROXY = """
[DEFAULT]
swift_dir = {folder}
bind_ip = 127.0.0.1
bind_port = {port}
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats bulk s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_studio_bridge = secret .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
allow_multipart_uploads = true
min_segment_size = 1048576
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def main(folder: Path) -> None:
    (folder / "swift.conf").write_text(POLICY)
    (folder / "disk").mkdir()
    swift.common.utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    listeners = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in (*BACK_ENDS, "proxy")}
    for kind in BACK_ENDS:
        make_ring(folder, kind, listeners[kind].getsockname()[1])
    for kind, listener in listeners.items():
        text = (PROXY if kind == "proxy" else BACK_END).format(folder=folder, kind=kind, port=listener.getsockname()[1])
        config = folder / f"{kind}.conf"
        config.write_text(text)
        eventlet.spawn(serve, config, kind, listener)
    sys.stdout.write(f"{listeners['proxy'].getsockname()[1]}\n")
    sys.stdout.flush()
    eventlet.tpool.execute(sys.stdin.read)


def make_ring(folder: Path, kind: str, port: int) -> None:
    from swift.common.ring import RingBuilder  # type: ignore[import-not-found]

    ring = RingBuilder(1, 1, 0)
    ring.add_dev(
        {"region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": port, "device": "disk", "meta": ""}
        | {"replication_ip": "127.0.0.1", "replication_port": port}
    )
    ring.rebalance()
    ring.get_ring().save(str(folder / f"{kind}.ring.gz"))


def serve(config: Path, kind: str, listener: object) -> None:
    from swift.common.http_protocol import SwiftHttpProtocol  # type: ignore[import-not-found]
    from swift.common.wsgi import loadapp  # type: ignore[import-not-found]

    app = loadapp(str(config), global_conf={"log_name": kind})
    eventlet.wsgi.server(
        listener, app, swift.common.utils.NullLogger(), protocol=SwiftHttpProtocol, capitalize_response_headers=False
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
