"""A server of WebHDFS on loopback: what a NameNode answers when files are listed and read.

It names no content type, which a real one does: pyspark lacks the class that reads it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

_ASCII = "/%?&="
_DENIED = "org.apache.hadoop.security.AccessControlException"
_MISSING = "java.io.FileNotFoundException"


class _NameNode(BaseHTTPRequestHandler):
    root: Path
    forbidden: str

    def do_GET(self):
        asked = self.path.encode("latin-1").decode()  # the client sends letters as they are
        url = urlsplit(asked)
        name = unquote(url.path).removeprefix("/webhdfs/v1").strip("/")
        options = {key.lower(): values[0] for key, values in parse_qs(url.query).items()}
        path = self.root / name
        if name.startswith(self.forbidden):
            self._fail(403, _DENIED, f"Permission denied: user={options.get('user.name')}")
        elif not path.exists():
            self._fail(404, _MISSING, f"File does not exist: /{name}")
        elif options["op"] == "OPEN" and "data" not in options:
            self.send_response(307)  # a NameNode sends its clients to a DataNode
            self.send_header(
                "Location", f"http://{self.headers['Host']}{quote(asked, _ASCII)}&data=1"
            )
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif options["op"] == "OPEN":
            start = int(options.get("offset", 0))
            length = int(options.get("length", path.stat().st_size))
            self._send(200, path.read_bytes()[start : start + length])
        else:
            self._send(200, json.dumps(self._facts(options["op"], path)).encode())

    def _facts(self, op: str, path: Path):
        if op == "GETFILESTATUS":
            return {"FileStatus": _status(path, "")}
        if op == "LISTSTATUS":
            inside = [_status(path, "")]  # of a file: itself
            if path.is_dir():
                inside = [_status(one, one.name) for one in sorted(path.iterdir())]
            return {"FileStatuses": {"FileStatus": inside}}
        block = {
            "hosts": ["127.0.0.1"],
            "names": ["127.0.0.1:9866"],
            "topologyPaths": ["/rack/127.0.0.1:9866"],
            "cachedHosts": [],
            "storageIds": [],
            "storageTypes": ["DISK"],
            "corrupt": False,
            "offset": 0,
            "length": path.stat().st_size,
        }
        return {"BlockLocations": {"BlockLocation": [block]}}

    def _fail(self, code: int, java: str, message: str):
        error = {"exception": java.rpartition(".")[2], "javaClassName": java, "message": message}
        self._send(code, json.dumps({"RemoteException": error}).encode())

    def _send(self, code: int, body: bytes):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: failures show in the tests."""


def _status(path: Path, suffix: str):
    facts, is_folder = path.stat(), path.is_dir()
    return {
        "accessTime": 0,
        "blockSize": 1 << 27,
        "group": "shop",
        "length": 0 if is_folder else facts.st_size,
        "modificationTime": facts.st_mtime_ns // 1_000_000,
        "owner": "shop",
        "pathSuffix": suffix,
        "permission": "755" if is_folder else "644",
        "replication": 0 if is_folder else 1,
        "type": "DIRECTORY" if is_folder else "FILE",
    }


@contextmanager
def webhdfs(root: Path, forbidden: str = "secret") -> Iterator[str]:
    """Serve the files under ``root``, but what begins with ``forbidden``; yields the URL."""
    handler = type("_Handler", (_NameNode,), {"root": root, "forbidden": forbidden})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"webhdfs://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
