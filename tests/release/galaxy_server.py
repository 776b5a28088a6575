# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Galaxy server on this machine that has one collection, and like Galaxy's own server no signatures."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.release.archive import version_of

PLACE = "/api/v3/collections/tenantlink/stackone"
DOWNLOAD = "/download/collection.tar.gz"


def answers(archive: bytes) -> dict[str, bytes]:
    """Return what the server answers, by path."""
    version = version_of(archive)
    about: dict[str, Any] = {
        "/api": {"available_versions": {"v3": "v3/"}},
        PLACE: {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"},
        f"{PLACE}/versions": {"meta": {"count": 1}, "links": {"next": None}, "data": [{"version": version}]},
        f"{PLACE}/versions/{version}": {
            "namespace": {"name": "tenantlink"},
            "collection": {"name": "stackone"},
            "version": version,
            "download_url": DOWNLOAD,
            "artifact": {"sha256": hashlib.sha256(archive).hexdigest()},
            "metadata": {"dependencies": {}},
            "href": f"{PLACE}/versions/{version}/",
            "signatures": [],
        },
    }
    return {**{path: json.dumps(answer).encode() for path, answer in about.items()}, DOWNLOAD: archive}


@contextlib.contextmanager
def serving(archive: bytes) -> Iterator[str]:
    """Serve the archive, and yield the server's URL."""
    known = answers(archive)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = known.get(self.path.partition("?")[0].rstrip("/"))
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/gzip" if answer is archive else "application/json")
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *words: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
