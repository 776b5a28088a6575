# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret stores that run on this machine, and count what they are asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.ansible_package import fetched
from tests.support.collection import COLLECTIONS as OWN

COLLECTIONS = ("amazon.aws", "community.general")


def with_collections() -> dict[str, str]:
    """Return the environment in which Ansible finds the collections that read the stores."""
    return {"ANSIBLE_COLLECTIONS_PATH": f"{OWN}{os.pathsep}{fetched(*COLLECTIONS)}"}


@dataclass
class Aws:
    """AWS Secrets Manager, as moto emulates it."""

    url: str
    asked: list[str] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def opened(cls) -> Iterator[Aws]:
        """Yield an empty one, on a port of this machine."""
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        service, store = DomainDispatcherApplication(create_backend_app), cls("")

        def counted(environ: dict[str, Any], start: Any) -> Any:
            store.asked.append(environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2])
            return service(environ, start)

        server = make_server("127.0.0.1", 0, counted, threaded=True)
        store.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            # All of moto's services in one process share their state.
            requests.post(f"{store.url}/moto-api/reset", timeout=30)
            yield store
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    @property
    def env(self) -> dict[str, str]:
        """Return the environment that leads every client here."""
        login = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        return {**with_collections(), **login, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": self.url}

    def put(self, name: str, value: str) -> None:
        """Store a secret, and count from now on."""
        import boto3

        login = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=self.url, **login)
        client.create_secret(Name=name, SecretString=value)
        self.asked.clear()


COUNTING = """#!/bin/sh
echo "$1" >> {calls}
exec {real} "$@"
"""


@dataclass
class Pass:
    """A password store, with a key of its own that needs no passphrase."""

    folder: Path

    @classmethod
    @contextlib.contextmanager
    def opened(cls) -> Iterator[Pass]:
        """Yield an empty one. Its folder has a short path, because gpg puts a socket there."""
        store = cls(Path(tempfile.mkdtemp(prefix="pass-")))
        try:
            store.prepare()
            yield store
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env=store.environment, check=False)
            shutil.rmtree(store.folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the real program."""
        own = {"GNUPGHOME": str(self.folder / "gpg"), "PASSWORD_STORE_DIR": str(self.folder / "store")}
        return {**os.environ, **own}

    @property
    def env(self) -> dict[str, str]:
        """Return the environment in which a program that counts its calls is found first."""
        names = ("GNUPGHOME", "PASSWORD_STORE_DIR")
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {**with_collections(), **{name: self.environment[name] for name in names}, "PATH": path}

    @property
    def asked(self) -> list[str]:
        """Return the calls of the program so far, by their first word."""
        return (self.folder / "calls").read_text().split()

    def prepare(self) -> None:
        """Make the key, the store and the program that counts."""
        (self.folder / "gpg").mkdir(mode=0o700)
        user = "tests@mycompany.example"
        self._run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", user, "default", "default")
        self._run("pass", "init", user)
        (self.folder / "bin").mkdir()
        (self.folder / "calls").touch()
        program = self.folder / "bin" / "pass"
        program.write_text(COUNTING.format(calls=self.folder / "calls", real=shutil.which("pass")))
        program.chmod(0o755)

    def put(self, name: str, value: str) -> None:
        """Store a secret."""
        self._run("pass", "insert", "--multiline", name, text=value)

    def _run(self, *command: str, text: str = "") -> None:
        subprocess.run(command, input=text, text=True, env=self.environment, check=True, capture_output=True)
