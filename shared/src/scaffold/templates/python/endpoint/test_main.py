"""Starts the plugin as the mesh does, and asks it as `endpoints` does. Run: .venv/bin/python -m unittest"""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.generate()
JWK = {**jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k"}
REACH = "/v1/reach/1"
AWAY = "/v1/reach/2"


class Mesh(BaseHTTPRequestHandler):
    """Stands for the gateway's keys, and for `endpoints` with an external system behind it."""

    def answer(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status, body = self.answer_to(self.path, text)
        self.send_response(status)
        kind = "json" if status == 200 else "problem+json"
        self.send_header("Content-Type", f"application/{kind}")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST = answer

    def answer_to(self, path: str, text: str) -> tuple[int, object]:
        if path == "/.well-known/jwks.json":
            return 200, {"keys": [JWK]}
        if path == f"/api/endpoints{AWAY}/api/version":
            problem = {"code": "MESH_ENDPOINT_UNREACHABLE", "detail": "nobody answers"}
            return 502, problem
        if self.headers["Authorization"] != "Bearer of-the-plugin":
            return 401, {}
        if path == f"/api/endpoints{REACH}/api/version":
            return 200, {"version": "1.2"}
        if path == f"/api/endpoints{REACH}/api/login" and "secret" in text:
            return 200, {"token": "t-1", "user": "ada"}
        return 401, {}

    def log_message(self, *_: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def identity(sub: str = "plugin:endpoints") -> str:
    claims = {
        "iss": "plugmesh",
        "aud": "plugin-name",
        "sub": sub,
        "exp": time.time() + 60,
    }
    return jwt.encode(claims, KEY, algorithm="EdDSA", headers={"kid": "k"})


class PluginTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        mesh = ThreadingHTTPServer(("127.0.0.1", 0), Mesh)
        cls.addClassCleanup(mesh.server_close)
        cls.addClassCleanup(mesh.shutdown)
        Thread(target=mesh.serve_forever, daemon=True).start()
        cls.port = free_port()
        environment = {
            **os.environ,
            "PORT": str(cls.port),
            "PLUGMESH_PLUGIN": "plugin-name",
            "PLUGMESH_URL": f"http://127.0.0.1:{mesh.server_port}",
            "PLUGMESH_TOKEN": "of-the-plugin",
        }
        folder = Path(__file__).parent
        cls.process = subprocess.Popen(
            [sys.executable, "main.py"], cwd=folder, env=environment
        )
        cls.addClassCleanup(cls.process.kill)
        for _ in range(200):
            try:
                if cls.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("it does not listen")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.process.terminate()
        # A clean end, as the mesh expects it.
        assert cls.process.wait(timeout=5) == 0

    @classmethod
    def ask(cls, method: str, path: str, body: object = None, token: str = ""):
        connection = HTTPConnection("127.0.0.1", cls.port, timeout=5)
        headers = {"Content-Type": "application/json", "X-Plugmesh-Identity": token}
        connection.request(method, path, json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    def callout(self, hook: str, token: str | None = None, **body: object):
        token = identity() if token is None else token
        return self.ask("POST", f"/endpoint/{hook}", {"reach": REACH, **body}, token)

    def test_knows_an_endpoint_of_its_type(self) -> None:
        self.assertEqual(self.callout("info"), (200, {"metadata": {"version": "1.2"}}))
        self.assertEqual(self.callout("info", reach="/v1/reach/3")[0], 422)

    def test_says_why_an_endpoint_was_not_reached(self) -> None:
        status, problem = self.callout("info", reach=AWAY)
        self.assertEqual((status, problem["code"]), (502, "MESH_ENDPOINT_UNREACHABLE"))

    def test_makes_a_token_of_credentials_that_are_accepted(self) -> None:
        guessed = {"user": "ada", "password": "guessed"}
        self.assertEqual(self.callout("connect", credentials=guessed)[0], 400)
        known = {"user": "ada", "password": "secret"}
        token = {"headers": {"Authorization": "Bearer t-1"}}
        connected = self.callout("connect", credentials=known)
        self.assertEqual(connected, (200, {"token": token, "user": "ada"}))

    def test_does_not_take_a_token_that_the_endpoint_refuses(self) -> None:
        self.assertEqual(self.callout("validate")[0], 409)

    def test_answers_nobody_but_endpoints(self) -> None:
        self.assertEqual(self.callout("info", token="")[0], 401)
        self.assertEqual(self.callout("info", identity("user:ada"))[0], 403)


if __name__ == "__main__":
    unittest.main()
