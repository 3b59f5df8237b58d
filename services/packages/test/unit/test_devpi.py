"""What is made of a server's answers that a real one gives seldom. Run: .venv/bin/python -m unittest discover -s test/unit"""

import json
import unittest
from email.message import Message

from devpi import count_indexes, login, server_info, user_of_token
from mesh import Answer, Refusal, refuse_unreached


def answer(status: int, said: object, kind: str = "application/json") -> Answer:
    headers = Message()
    headers["Content-Type"] = kind
    headers["X-Devpi-Server-Version"] = "6.20.3"
    return Answer(status, headers, json.dumps(said).encode())


class Answers:
    """A callout whose endpoint answers the same to everything."""

    def __init__(self, status: int, said: object) -> None:
        self._answer = answer(status, said)

    def reach(self, _path: str, _body: object = None) -> Answer:
        return self._answer


class DevpiTest(unittest.TestCase):
    def refuses(self, code: str, function, *values: object) -> None:
        with self.assertRaises(Refusal) as refused:
            function(*values)
        self.assertEqual(refused.exception.problem["code"], code)

    def test_takes_no_other_server_for_devpi(self) -> None:
        for status, said in [
            (200, {}),
            (200, {"type": "page"}),
            (200, ["apiconfig"]),
            (404, {"type": "apiconfig", "result": {}}),
        ]:
            self.refuses("MESH_ENDPOINT_INVALID", server_info, Answers(status, said))

    def test_tells_a_login_that_has_ended_from_one_that_never_counted(self) -> None:
        for status, code in [
            ("expired", "MESH_ENDPOINT_EXPIRED"),
            ("noauth", "MESH_ENDPOINT_CREDENTIALS"),
            ("nouser", "MESH_ENDPOINT_CREDENTIALS"),
        ]:
            said = {"type": "apiconfig", "result": {"authstatus": [status, "ada", []]}}
            self.refuses(code, user_of_token, Answers(200, said))

    def test_says_that_a_server_fails_and_not_that_the_password_is_wrong(self) -> None:
        self.refuses("MESH_ENDPOINT_CREDENTIALS", login, Answers(401, {}), "ada", "x")
        self.refuses("MESH_ENDPOINT_INVALID", login, Answers(500, {}), "ada", "x")

    def test_counts_the_indexes_of_all_users_where_they_are_to_see(self) -> None:
        users = {
            "root": {"indexes": {"pypi": {}}},
            "ada": {"indexes": {"a": {}, "b": {}}},
        }
        listing = {"type": "list:userconfig", "result": {**users, "bob": {}}}
        self.assertEqual(count_indexes(Answers(200, listing)), 3)
        self.assertIsNone(count_indexes(Answers(403, {})))


class ReachTest(unittest.TestCase):
    def test_hands_on_what_endpoints_says_and_nothing_that_an_endpoint_says(
        self,
    ) -> None:
        problem = {
            "code": "MESH_ENDPOINT_TLS",
            "detail": "the certificate is not trusted",
        }
        with self.assertRaises(Refusal) as refused:
            refuse_unreached(answer(502, problem, "application/problem+json"))
        self.assertEqual(refused.exception.status, 502)
        self.assertEqual(refused.exception.problem, {"status": 502, **problem})
        for status, said, kind in [
            (502, problem, "application/json"),
            (200, problem, "application/problem+json"),
            (404, {"code": "MESH_NOT_FOUND"}, "application/problem+json"),
            (404, ["MESH_ENDPOINT_TLS"], "application/problem+json"),
        ]:
            refuse_unreached(answer(status, said, kind))

    def test_reads_what_is_no_json_as_nothing(self) -> None:
        for body in [b"", b"<html>", b"\xff", b"[" * 100_000]:
            self.assertIsNone(Answer(200, Message(), body).json)


if __name__ == "__main__":
    unittest.main()
