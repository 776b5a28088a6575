# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached signatures by GnuPG, in the form that ansible-galaxy accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.release.source import Refused


def sign(content: bytes, key: str, signature: Path) -> None:
    """Write the armoured signature of a text by a key, and check it. Raise Refused if GnuPG does not."""
    signing = ["--local-user", key, "--detach-sign", "--armor", "--output", str(signature)]
    gpg(f"sign with the key {key}", *signing, content=content)
    gpg(f"verify its signature {signature.name}", "--verify", str(signature), "-", content=content)


def fingerprint(key: str) -> str:
    """Return the fingerprint of the primary key. Raise Refused if GnuPG has no such secret key."""
    listed = gpg(f"find the secret key {key}", "--with-colons", "--list-secret-keys", key).decode()
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


def public_key(key: str) -> bytes:
    """Return the armoured public key."""
    return gpg(f"export the key {key}", "--armor", "--export", key)


def gpg(purpose: str, *words: str, content: bytes = b"") -> bytes:
    """Run GnuPG, which may ask for a passphrase in its own window or terminal."""
    program = shutil.which("gpg")
    if not program:
        raise Refused(f"GnuPG is needed to {purpose}; install it (on Debian and Ubuntu: apt-get install gnupg)")
    done = subprocess.run([program, "--batch", "--yes", *words], input=content, capture_output=True, check=False)
    if done.returncode:
        raise Refused(f"GnuPG could not {purpose}:\n{done.stderr.decode(errors='replace').strip()}")
    return done.stdout
