"""Middleware in Python: tells plugins which tenant a request is for.

The tenant is the first label of the host name: `acme` of acme.example.org, where the setting `domain` says example.org.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOMAIN = json.loads(os.environ["PLUGMESH_CONFIG"])["domain"].lower()


def tenant_of(host: str) -> str:
    name = host.rpartition(":")[0] if ":" in host else host
    label, _, domain = name.lower().partition(".")
    return label if domain == DOMAIN else ""


class Middleware(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the gateway keeps its connections
    timeout = 120  # longer than it keeps them without a word

    def do_GET(self) -> None:
        if self.path == "/check":
            tenant = tenant_of(self.headers.get("X-Forwarded-Host", ""))
            # 2xx: the request goes on. Without a tenant nothing is said, and no client can say it either.
            self.answer(204, {"X-Tenant": tenant} if tenant else {})
        else:
            self.answer(200 if self.path == "/healthz" else 404, {"Content-Length": "0"})

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """One line for each request to the mesh would be too many."""


if __name__ == "__main__":
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit())
    with ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Middleware) as server:
        server.serve_forever()
