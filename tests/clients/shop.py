"""A shop on loopback and its voice: what every Python script beside this file begins with.

A script gets the terms of its order as one JSON object in its first argument and tells each step as one line of
JSON. Whatever goes wrong ends it with a traceback and so fails the test that started it.
Deliberately not here: signing and verifying, which is what the libraries are tried for.
"""

import faulthandler
import json
import queue
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# A script that waits for something which never comes ends by itself. This decides no test.
GUARD_SECONDS = 120
faulthandler.dump_traceback_later(GUARD_SECONDS, exit=True)


def terms():
    """What to order, where, and with which secrets."""
    return json.loads(sys.argv[1])


def say(step, **facts):
    """Tells the test that a step is done."""
    print(json.dumps({"step": step, **facts}), flush=True)


def ask(address, body=None, headers=None):
    """The status and the text of an answer."""
    request = urllib.request.Request(address, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def changed(text, at=-1):
    """The text with another letter or digit in one place."""
    at %= len(text)
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]


def forgeries(params, unsigned=()):
    """Every message that differs from this one in one parameter, and every one that lacks one."""
    for name, value in params.items():
        yield {**params, name: changed(value)}
        if name not in unsigned:
            yield {other: kept for other, kept in params.items() if other != name}


class Came:
    """A callback as it came, which waits for its answer."""

    def __init__(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        self.method = handler.command
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.params = self._params(parts.query if self.method == "GET" else self.body.decode())
        self._answer = queue.Queue()

    @staticmethod
    def _params(text):
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
        params = dict(pairs)
        assert len(params) == len(pairs), f"a parameter stands twice: {text}"
        return params

    def answer(self, text):
        self._answer.put(text)

    def answered(self):
        return self._answer.get().encode()


class Shop:
    """Hears callbacks, one after the other."""

    def __init__(self):
        self._came = came = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                here = Came(self)
                came.put(here)
                text = here.answered()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}/notify"

    def callback(self):
        """The next callback."""
        return self._came.get()
