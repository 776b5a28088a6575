# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that stand before the emulator and pass bytes on: a proxy, and a gate that asks for a client certificate.

They run on asyncio because one TLS connection must not be read and written by two threads at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading

import trustme


class Relay:
    """A server on loopback, in a thread of its own, with or without TLS; ``connections`` counts who came,
    ``served`` who came through."""

    def __init__(self, context: ssl.SSLContext | None = None):
        self.served = self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context))
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._pass_on(reader, writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _join(self, reader, writer, host: str, port: int, answer: bytes = b"") -> None:
        """Opens the way to a server, says so with ``answer``, and passes on in both directions until both ended."""
        far_reader, far_writer = await asyncio.open_connection(host, port)
        self.served += 1
        writer.write(answer)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Proxy(Relay):
    """A CONNECT proxy that takes all hosts for this machine; with a TLS context, one that is spoken to over TLS."""

    def __init__(self, context: ssl.SSLContext | None = None):
        super().__init__(context)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    async def _pass_on(self, reader, writer) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        port = request.split()[1].decode().rpartition(":")[2]
        await self._join(reader, writer, "127.0.0.1", int(port), b"HTTP/1.1 200 Connection established\r\n\r\n")


class Gate(Relay):
    """A server that admits only who shows a client certificate of its authority, before a plain emulator.

    ``ca``, ``both``, ``cert`` and ``key`` are files in ``folder``: the authority, and the client's pair, in one and two.
    """

    def __init__(self, emulator, folder):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        client = authority.issue_cert("client.example")
        self.ca, self.both, self.cert, self.key = (folder / f"{name}.pem" for name in ("ca", "both", "cert", "key"))
        authority.cert_pem.write_to_path(str(self.ca))
        client.private_key_and_cert_chain_pem.write_to_path(str(self.both))
        client.cert_chain_pems[0].write_to_path(str(self.cert))
        client.private_key_pem.write_to_path(str(self.key))
        self._behind = int(emulator.stackone_url.split(":")[2].split("/")[0])
        super().__init__(context)

    def url(self, plain: str) -> str:
        """The same address through the gate."""
        return plain.replace("http://", "https://").replace(f":{self._behind}", f":{self.port}")

    async def _pass_on(self, reader, writer) -> None:
        await self._join(reader, writer, "127.0.0.1", self._behind)
