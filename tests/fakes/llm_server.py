"""A language model server for tests: OpenAI's chat completions over real HTTP, with scripted behaviour.

    with FakeLLM(says("16 bar [1].")) as llm:
        Settings(llm_url=llm.url, llm_model="fake")

Each request takes the next behaviour of the script; the last one stays.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Body = Mapping[str, Any]
MODEL = "fake-llm"


@dataclass(frozen=True)
class Request:
    """A request as it came in; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Body

    @property
    def prompt(self) -> str:
        """Every message's text."""
        return "\n".join(str(message["content"]) for message in self.body.get("messages", []))


Behaviour = Callable[["_Handler", Request], None]


def says(text: str | Callable[[Request], str], *, finish: str = "stop", usage: bool = True) -> Behaviour:
    """Answer with this text (or what a function makes of the request), streamed if asked to."""

    def behave(handler: _Handler, request: Request) -> None:
        content = text(request) if callable(text) else text
        if request.body.get("stream"):
            handler.stream(request, _chunks(content, finish, usage and _wants_usage(request)))
        else:
            handler.send_json(200, _completion(content, finish))

    return behave


def trickles(text: str, delay_s: float = 0.05) -> Behaviour:
    """Stream one word after the other, slowly."""

    def behave(handler: _Handler, request: Request) -> None:
        def slow() -> Iterator[str]:
            for chunk in _chunks(text, "stop", False):
                yield chunk
                handler.llm.stopped.wait(delay_s)

        handler.stream(request, slow())

    return behave


def stalls(after: str = "") -> Behaviour:
    """Say the beginning, then nothing more, with the connection open."""

    def behave(handler: _Handler, request: Request) -> None:
        def stalling() -> Iterator[str]:
            yield from _deltas(after)
            handler.llm.stopped.wait(30)

        handler.stream(request, stalling(), done=False)

    return behave


def never_answers() -> Behaviour:
    """Take the request and send not even a status line."""

    def behave(handler: _Handler, request: Request) -> None:
        handler.llm.stopped.wait(30)
        handler.close_connection = True

    return behave


def disconnects(after: str = "The pump is") -> Behaviour:
    """Cut the connection in the middle of the stream."""

    def behave(handler: _Handler, request: Request) -> None:
        handler.stream(request, _deltas(after), done=False, finish=False)
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    return behave


def ends_early(text: str = "The pump is") -> Behaviour:
    """End the stream cleanly, but without a finish reason or [DONE]."""
    return lambda handler, request: handler.stream(request, _deltas(text), done=False)


def fails(
    status: int, message: str = "Something went wrong.", headers: Mapping[str, str] | None = None
) -> Behaviour:
    """Answer with an HTTP error in OpenAI's envelope."""
    body = {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    return lambda handler, request: handler.send_json(status, body, headers or {})


def fails_in_stream(message: str = "Overloaded.") -> Behaviour:
    """Begin to stream, then send an error object, as vLLM and others do."""

    def behave(handler: _Handler, request: Request) -> None:
        error = json.dumps({"error": {"message": message, "type": "server_error", "code": 500}})
        handler.stream(request, [*_deltas("The pump"), error])

    return behave


def malformed() -> Behaviour:
    """Stream something that is not JSON."""
    return lambda handler, request: handler.stream(request, ['{"choices": [{"delta": {"content": "The'])


def another_shape() -> Behaviour:
    """Stream JSON that is no chat completion."""
    return lambda handler, request: handler.stream(request, ['{"hello": "world"}', '{"choices": "many"}'])


def a_web_page() -> Behaviour:
    """A proxy's page where an API was expected, with status 200."""
    return lambda handler, request: handler.send_body(200, "text/html", b"<html><h1>Welcome</h1></html>", {})


class FakeLLM:
    """The running server; `requests` holds what it was asked."""

    def __init__(self, *script: Behaviour) -> None:
        self.script = list(script) or [says("I have nothing to say.")]
        self.requests: list[Request] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def then(self, *script: Behaviour) -> None:
        """Replace the script."""
        with self._lock:
            self.script = list(script)

    def next_behaviour(self, request: Request) -> Behaviour:
        """Note the request and take the next behaviour."""
        with self._lock:
            self.requests.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def __enter__(self) -> FakeLLM:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that leaves is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    llm: FakeLLM

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self.send_json(404, {"error": {"message": "Not found", "type": "invalid_request_error"}})
            return
        model = {"id": MODEL, "object": "model", "created": 1, "owned_by": "tests"}
        self.send_json(200, {"object": "list", "data": [model]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body)
        if self.path != "/v1/chat/completions" or not body.get("messages") or not body.get("model"):
            self.send_json(400, {"error": {"message": "Bad request", "type": "invalid_request_error"}})
            return
        try:
            self.llm.next_behaviour(request)(self, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has left

    def stream(
        self, request: Request, chunks: Iterator[str] | list[str], *, done: bool = True, finish: bool = True
    ) -> None:
        """Send server-sent events; `finish=False` leaves the chunked body without its end."""
        assert request.body.get("stream"), "asked to stream what the client did not want streamed"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self._write(f"data: {chunk}\n\n".encode())
        if done:
            self._write(b"data: [DONE]\n\n")
        if finish:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def send_json(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        self.send_body(status, "application/json", json.dumps(body).encode(), headers or {})

    def send_body(self, status: int, media_type: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing on the console of the tests."""


def _handler_for(llm: FakeLLM) -> type[_Handler]:
    return type("_BoundHandler", (_Handler,), {"llm": llm})


def _wants_usage(request: Request) -> bool:
    return bool((request.body.get("stream_options") or {}).get("include_usage"))


def _usage(text: str) -> dict[str, int]:
    return {
        "prompt_tokens": 100,
        "completion_tokens": len(text.split()),
        "total_tokens": 100 + len(text.split()),
    }


def _completion(text: str, finish: str) -> Body:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL}
    return {**head, "choices": [choice], "usage": _usage(text)}


def _chunk(choices: list[Body], usage: Body | None = None) -> str:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return json.dumps({**head, "choices": choices, "usage": usage})


def _delta(delta: Body, finish: str | None = None) -> str:
    return _chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


def _deltas(text: str) -> list[str]:
    """The role, then the text in pieces of a few characters, as tokens come."""
    pieces = [text[n : n + 5] for n in range(0, len(text), 5)]
    return [_delta({"role": "assistant", "content": ""}), *(_delta({"content": piece}) for piece in pieces)]


def _chunks(text: str, finish: str, usage: bool) -> list[str]:
    return [*_deltas(text), _delta({}, finish), *([_chunk([], _usage(text))] if usage else [])]
