# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's TypeScript client, installed with npm from its lock file, which has a hash of each package."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.emulator.handle import Emulator
from tests.support.made_once import only_maker

_FOLDER = Path(__file__).parent / "typescript"
_MANIFESTS = ("package.json", "package-lock.json")
_CACHE = _FOLDER / "cache"
_INSTALL_TIMEOUT_S = 300


class Unavailable(RuntimeError):
    """The client cannot be had on this machine; the text says why."""


def installed() -> Path:
    """Return the folder of the installed client; it is fetched once for each state of the lock file."""
    lock = hashlib.sha256(b"".join((_FOLDER / name).read_bytes() for name in _MANIFESTS)).hexdigest()
    kept = _CACHE / lock[:16]
    with only_maker(kept):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=_CACHE) as temporary:
                # Moved at once, so that an interrupted run leaves no half of it.
                _fetched(Path(temporary, "client")).rename(kept)
    return kept


def _fetched(place: Path) -> Path:
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise Unavailable("Node.js or its npm is not installed (on Debian and Ubuntu: apt-get install nodejs npm)")
    place.mkdir()
    for name in _MANIFESTS:
        shutil.copy(_FOLDER / name, place)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm could not install the client in {_INSTALL_TIMEOUT_S} s") from None
    if done.returncode:
        raise Unavailable(f"npm could not install the client: {' '.join(done.stderr.split())[:300]}")
    return place


class TypeScriptClient:
    """One Node.js process with the client, which takes its time to load; it ends with the context."""

    def __enter__(self) -> TypeScriptClient:
        command = ["node", str(_FOLDER / "client.mjs"), str(installed())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def call(self, emulator: Emulator, path: str, request: Any, key: str | None = None) -> dict[str, Any]:
        """Call `part.operation`, and return the `value` that the client made of the answer, or its `error`."""
        part, _dot, operation = path.partition(".")
        target = {"url": emulator.stackone_url, "key": key or emulator.stackone_api_key}
        line = json.dumps({**target, "part": part, "operation": operation, "request": request})
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
