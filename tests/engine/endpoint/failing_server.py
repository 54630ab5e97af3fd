"""A real server, on purpose a bad one: it plays a list of scenes and then answers well."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Writer = asyncio.StreamWriter
Scene = Callable[["FailingServer", Writer, Mapping[str, Any]], Awaitable[None]]


class FailingServer:
    """Speaks HTTP/1.1 on a free port, in a thread of its own."""

    def __init__(self) -> None:
        self.scenes: list[Scene] = []
        """What happens to the next requests; after them, each is answered."""
        self.usual: Scene = answered
        self.seen: list[dict[str, Any]] = []
        """Path, headers and body of each request."""
        self.most = 0
        """Requests that were open at once."""
        self.served = ["a-1", "b-2"]
        self._open = 0

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """One connection, which may carry many requests."""
        try:
            while request := await _read(reader):
                self._open += 1
                self.most = max(self.most, self._open)
                self.seen.append(request)
                scene = self.scenes.pop(0) if self.scenes else self.usual
                await scene(self, writer, request)
                self._open -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return {
        "path": first.split()[1],
        "headers": headers,
        "body": json.loads(body) if body else {},
    }


def send(writer: Writer, status: int, body: bytes, **headers: str) -> None:
    """A whole response."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)


def body_of(request: Mapping[str, Any], **changed: Any) -> bytes:
    """What a good server answers; the text repeats the prompt."""
    body = request["body"]
    if "messages" in body:
        choice: dict[str, Any] = {"message": {"content": body["messages"][-1]["content"]}}
    else:
        choice = {"text": f"{body.get('prompt')}!"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    return json.dumps(
        {"model": body.get("model"), "choices": [choice], "usage": usage} | changed
    ).encode()


async def answered(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
    """As it should be."""
    if request["path"].endswith("/models"):
        listed = {"object": "list", "data": [{"id": name} for name in server.served]}
        send(writer, 200, json.dumps(listed).encode())
    else:
        send(writer, 200, body_of(request))


def status(code: int, body: bytes = b'{"error": {"message": "busy"}}', **headers: str) -> Scene:
    """A failure that the server knows of."""

    async def scene(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
        send(writer, code, body, **headers)

    return scene


def raw(content: bytes) -> Scene:
    """A success with any body."""
    return status(200, content)


def changed(**parts: Any) -> Scene:
    """An answer that is not what was asked for."""

    async def scene(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
        send(writer, 200, body_of(request, **parts))

    return scene


def after(seconds: float) -> Scene:
    """The right answer, late."""

    async def scene(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
        await asyncio.sleep(seconds)
        await answered(server, writer, request)

    return scene


async def drip(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
    """A body that never ends, byte after byte."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)
    writer.close()


async def cut(server: FailingServer, writer: Writer, request: Mapping[str, Any]) -> None:
    """Half a response, then nothing."""
    whole = body_of(request)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole)}\r\n\r\n".encode())
    writer.write(whole[: len(whole) // 2])
    await writer.drain()
    writer.close()


@contextmanager
def running() -> Iterator[tuple[FailingServer, str]]:
    """The server and its address up to /v1."""
    # In a thread from the start: a browser's test may have left a loop running in this one.
    server, ready = FailingServer(), threading.Event()
    found: dict[str, Any] = {}

    async def serve() -> None:
        listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
        found["port"] = listening.sockets[0].getsockname()[1]
        found["loop"], found["over"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await found["over"].wait()
        listening.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield server, f"http://127.0.0.1:{found['port']}/v1"
    finally:
        found["loop"].call_soon_threadsafe(found["over"].set)
        thread.join()
