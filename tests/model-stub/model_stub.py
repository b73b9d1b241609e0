#!/usr/bin/env python3
"""A scripted model on 127.0.0.1 that speaks the Anthropic Messages API, so that a real coding CLI can be run end to end
without a model, a key or a network. Standard library only.

    model_stub.py [--port 0] [--script FILE] [--log FILE]

prints `listening on 127.0.0.1:PORT` once it takes requests, and ends when its standard input does.

A script is a JSON object:

    steps       list of steps; each request that carries tools takes the next one
    after       what follows the last step: "repeat" it (the default), or "error"
    side_text   what requests without tools (titles and the like) are answered

A step, all keys optional:

    text        what the assistant says
    thinking    what it thinks before
    shell       a command for the CLI's shell tool        } at most one
    write       {"path", "content"} for its write tool    } of these
    tool        {"name", "input"} for any tool            } three
    usage       {"in", "out", "cache_read", "cache_write"}: tokens
    stop        another stop reason: "max_tokens", "refusal"
    headers     headers of the answer; the value "now+N" stands for N seconds from then, since the epoch
    status      an HTTP failure with this status instead of an answer, with
    error       {"type", "message"}
    sse_error   {"type", "message"}: an error in the middle of the stream
    delay_ms    wait before the answer
    chunk_ms    wait between the pieces of a text
    hang        never finish the answer
    drop        cut the connection in the middle of the answer
    times       how many requests this step answers (1)

Control: `POST /_stub/script` begins another script; `GET /_stub/log` returns all requests so far as a JSON list of
{"method", "path", "headers", "body"}; `GET /_stub/state` returns how many main and side requests there were.
"""

import argparse
import json
import os
import re
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse

PIECE = 40  # characters of a text in one piece of the stream
EXHAUSTED = {"status": 400, "error": {"type": "invalid_request_error", "message": "stub: the script is over"}}


class Script:
    """What is answered, and what was asked. Shared by all connections."""

    def __init__(self, log_path):
        self.lock = threading.Lock()
        self.log_path = log_path
        self.log = []
        self.main = self.side = 0
        self.load({"steps": [{"text": "ok"}]})

    def load(self, script):
        with self.lock:
            self.script = script
            self.at = self.answered = 0

    def step_for(self, body):
        """The step that answers this request."""
        with self.lock:
            if not body.get("tools"):
                self.side += 1
                return {"text": self.script.get("side_text", "a title")}
            self.main += 1
            steps = self.script["steps"]
            if self.at >= len(steps):
                return EXHAUSTED if self.script.get("after") == "error" else steps[-1]
            step = steps[self.at]
            self.answered += 1
            if self.answered >= step.get("times", 1):
                self.at, self.answered = self.at + 1, 0
            return step

    def note(self, record):
        with self.lock:
            self.log.append(record)
            if self.log_path:
                with open(self.log_path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")

    def seen(self):
        with self.lock:
            return list(self.log)


def working_folder(request):
    """Where the CLI works, as its own prompt says."""
    found = re.search(r"[Ww]orking directory: (/[^\s\\<]+)", request)
    return found.group(1).rstrip(".") if found else os.getcwd()


def tool_call(step, request):
    """The name and input of the tool that a step uses; none where it uses none."""
    if "tool" in step:
        return step["tool"]["name"], step["tool"]["input"]
    if "write" in step:
        path = os.path.join(working_folder(request), step["write"]["path"])
        return "Write", {"file_path": path, "content": step["write"]["content"]}
    if "shell" in step:
        return "Bash", {"command": step["shell"], "description": "as the script says"}
    return None


def content_blocks(step, tool):
    blocks = []
    if step.get("thinking"):
        blocks.append({"type": "thinking", "thinking": step["thinking"], "signature": "c3R1Yg=="})
    if step.get("text") or not tool:
        blocks.append({"type": "text", "text": step.get("text", "")})
    if tool:
        name, arguments = tool
        blocks.append({"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex[:16]}", "name": name, "input": arguments})
    return blocks


def start_and_deltas(block):
    """How a block is streamed: its empty start, and its pieces."""
    kind = block["type"]
    if kind == "text":
        empty, whole, delta = {"type": "text", "text": ""}, block["text"], ("text_delta", "text")
    elif kind == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        whole, delta = block["thinking"], ("thinking_delta", "thinking")
    else:
        empty, whole, delta = {**block, "input": {}}, json.dumps(block["input"]), ("input_json_delta", "partial_json")
    pieces = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)] or [""]
    deltas = [{"type": delta[0], delta[1]: piece} for piece in pieces]
    if kind == "thinking":
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    return empty, deltas


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script = None

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.note()
        self.send_json(200, {})

    def do_GET(self):
        path = urlparse(self.path).path
        if path == "/_stub/log":
            return self.send_json(200, self.script.seen())
        if path == "/_stub/state":
            return self.send_json(200, {"main": self.script.main, "side": self.script.side})
        self.note()
        if path.endswith("/models"):
            return self.send_json(200, {"data": [], "has_more": False})
        self.send_json(404, error_body("not_found_error", self.path))

    def do_POST(self):
        raw = self.read_body()
        path = urlparse(self.path).path
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return self.send_json(400, error_body("invalid_request_error", "no JSON"))
        if path == "/_stub/script":
            self.script.load(body)
            return self.send_json(200, {})
        self.note(body)
        try:
            if path.endswith("/messages/count_tokens"):
                self.send_json(200, {"input_tokens": 100})
            elif path.endswith("/messages"):
                self.answer(body, raw.decode("utf-8", "replace"))
            else:
                self.send_json(404, error_body("not_found_error", path))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the CLI was ended

    def answer(self, body, request):
        step = self.script.step_for(body)
        if step.get("delay_ms"):
            time.sleep(step["delay_ms"] / 1000)
        if step.get("status"):
            error = step.get("error") or {}
            failure = error_body(error.get("type", "api_error"), error.get("message", "as the script says"))
            return self.send_json(step["status"], failure, step.get("headers"))
        tool = tool_call(step, request)
        tokens = {"in": 100, "out": 20, "cache_read": 0, "cache_write": 0, **step.get("usage", {})}
        usage = {
            "input_tokens": tokens["in"],
            "output_tokens": 1,
            "cache_creation_input_tokens": tokens["cache_write"],
            "cache_read_input_tokens": tokens["cache_read"],
        }
        message = {
            "id": f"msg_{uuid.uuid4().hex[:16]}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", "stub"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        stop = {"stop_reason": step.get("stop") or ("tool_use" if tool else "end_turn"), "stop_sequence": None}
        total = {**usage, "output_tokens": tokens["out"]}
        blocks = content_blocks(step, tool)
        if not body.get("stream"):
            return self.send_json(200, {**message, **stop, "content": blocks, "usage": total}, step.get("headers"))
        self.begin_stream(step.get("headers"))
        self.send_event("message_start", message=message)
        for index, block in enumerate(blocks):
            if not self.stream_block(index, block, step):
                return
        self.send_event("message_delta", delta=stop, usage=total)
        self.send_event("message_stop")

    def stream_block(self, index, block, step):
        """Streams one block; false where the script breaks the stream off in it."""
        empty, deltas = start_and_deltas(block)
        self.send_event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            self.send_event("content_block_delta", index=index, delta=delta)
            time.sleep(step.get("chunk_ms", 0) / 1000)
            if step.get("hang"):
                while True:  # until the CLI hangs up
                    time.sleep(0.5)
                    self.send_event("ping")
            if step.get("drop"):
                self.connection.shutdown(socket.SHUT_RDWR)
                return False
            if step.get("sse_error"):
                self.send_event("error", error=step["sse_error"])
                return False
        self.send_event("content_block_stop", index=index)
        return True

    def begin_stream(self, headers):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.send_more_headers(headers)
        self.end_headers()
        self.close_connection = True

    def send_event(self, kind, **data):
        event = f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"
        self.wfile.write(event.encode())
        self.wfile.flush()

    def send_json(self, status, value, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_more_headers(headers)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_more_headers(self, headers):
        for name, value in (headers or {}).items():
            later = re.fullmatch(r"now\+(\d+)", str(value))
            self.send_header(name, str(int(time.time()) + int(later[1])) if later else str(value))

    def read_body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def note(self, body=None):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.note({"method": self.command, "path": self.path, "headers": headers, "body": body})


def error_body(kind, message):
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_stub"}


def main():
    parser = argparse.ArgumentParser(description="A scripted model on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free one")
    parser.add_argument("--script", help="a file with the script")
    parser.add_argument("--log", help="a file that gets every request, a line of JSON each")
    options = parser.parse_args()
    Handler.script = Script(options.log)
    if options.script:
        with open(options.script, encoding="utf-8") as file:
            Handler.script.load(json.load(file))
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    # Whoever started this holds the other end: when that process dies, however it dies, so does this one.
    sys.stdin.read()


if __name__ == "__main__":
    main()
