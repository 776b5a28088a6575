# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's widget, fetched with npm and served on a page of its own.

Its browser script holds all that it needs. So the package alone is fetched: an installation would bring a tree of
packages that nothing here uses, and could run their scripts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_FOLDER = Path(__file__).parent
_MANIFEST = _FOLDER / "package.json"
_CACHE = _FOLDER / "cache"
_PACKAGE = "@stackone/hub"
_SCRIPT = "webcomponent.js"
_NPM_TIMEOUT_S = 300


class Unavailable(RuntimeError):
    """The widget cannot be had on this machine; the text says why."""


def version() -> str:
    """The version that is pinned."""
    return json.loads(_MANIFEST.read_text())["dependencies"][_PACKAGE]


def script() -> Path:
    """The widget's script, fetched when this manifest is met for the first time."""
    kept = _CACHE / hashlib.sha256(_MANIFEST.read_bytes()).hexdigest()[:16] / _SCRIPT
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
            # Moved at once, so that an interrupted run leaves no half of it.
            os.replace(_extracted(_fetched(Path(folder))), kept)
    return kept


def _fetched(folder: Path) -> Path:
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise Unavailable("Node.js or its npm is not installed (on Debian and Ubuntu: apt-get install nodejs npm)")
    options = ["--ignore-scripts", "--loglevel=error", f"--pack-destination={folder}"]
    command = [npm, "pack", f"{_PACKAGE}@{version()}", *options]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_NPM_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm could not fetch {_PACKAGE} {version()} in {_NPM_TIMEOUT_S} s") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise Unavailable(f"npm could not fetch {_PACKAGE} {version()}: {' '.join(done.stderr.split())[:300]}")
    return archives[0]


def _extracted(archive: Path) -> Path:
    with tarfile.open(archive) as package:
        member = package.extractfile(f"package/dist/{_SCRIPT}")
        assert member is not None
        path = archive.with_name(_SCRIPT)
        path.write_bytes(member.read())
    return path


@contextlib.contextmanager
def served(source: Path) -> Iterator[str]:
    """A site whose every path is a page with the widget: `?token=...&account_id=...#<address of the API>`.

    A site of its own, because the emulator is another origin to it, as StackOne's API is to every page with the widget.
    """
    pages = {f"/{_SCRIPT}": ("text/javascript", source.read_bytes())}
    page = ("text/html", (_FOLDER / "hub.html").read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.get(self.path, page)
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing: addresses hold tokens."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
