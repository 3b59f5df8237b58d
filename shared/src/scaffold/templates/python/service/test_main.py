"""Starts the plugin as the mesh does, and asks it. Run: .venv/bin/python -m unittest"""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
from http.client import HTTPConnection
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PluginTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.port = free_port()
        environment = {**os.environ, "PORT": str(cls.port)}
        # Nobody listens there: what it serves does not depend on Redis.
        environment["REDIS_URL"] = "redis://127.0.0.1:1"
        folder = Path(__file__).parent
        cls.process = subprocess.Popen(
            [sys.executable, "main.py"], cwd=folder, env=environment
        )
        cls.addClassCleanup(cls.process.kill)
        for _ in range(200):
            try:
                if cls.ask("/healthz")[0] == 200:
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
    def ask(cls, path: str, headers: dict[str, str] | None = None):
        connection = HTTPConnection("127.0.0.1", cls.port, timeout=5)
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None, response.headers

    def test_describes_its_api(self) -> None:
        status, document, _ = self.ask("/openapi.json")
        self.assertEqual(status, 200)
        self.assertIn("/", document["paths"])

    def test_works_and_says_how_far_it_is(self) -> None:
        status, report, _ = self.ask("/")
        self.assertEqual(status, 200)
        self.assertGreaterEqual(report["seconds"], 0)


if __name__ == "__main__":
    unittest.main()
