"""What the plugin needs of the mesh: who asks, and a way to the endpoint that the question is about."""

import json
import os
from typing import Annotated, Any
from urllib.request import HTTPErrorProcessor, Request, build_opener

import jwt
from fastapi import Header, HTTPException

NAME = os.environ.get("PLUGMESH_PLUGIN", "packages")
MESH_URL = os.environ.get("PLUGMESH_URL", "http://127.0.0.1:2345")
TOKEN = os.environ.get("PLUGMESH_TOKEN", "")
# A callout may take 10 s, all of it.
REACH_SECONDS = 8

# Fetches the keys of the mesh with the first token, and again for one that names a key which it does not know.
mesh_keys = jwt.PyJWKClient(
    f"{MESH_URL}/.well-known/jwks.json", timeout=3, cooldown_duration=1
)


class Refusal(Exception):
    """An answer that says no. Code and detail are for the user."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = {"status": status, "code": code, "detail": detail}


class Answer:
    """What the endpoint has answered; `json` is None for anything else."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.json = json_of(body)


class Callout:
    """A callout of `endpoints`: its JSON, and the id of the user acted for."""

    def __init__(self, body: dict[str, Any], identity: str, user: str | None) -> None:
        self.body = body
        self.user = user
        self._identity = identity

    def reach(self, path: str, body: object = None) -> Answer:
        """Asks below the endpoint's URL. Raises what `endpoints` says of one that it does not reach."""
        url = f"{MESH_URL}/api/endpoints{self.body['reach']}{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "X-Plugmesh-Identity": self._identity,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        request = Request(url, data, headers)
        with build_opener(EveryAnswer).open(request, timeout=REACH_SECONDS) as answer:
            got = Answer(answer.status, answer.headers, answer.read())
        refuse_unreached(got)
        return got


class EveryAnswer(HTTPErrorProcessor):
    """Takes every status as an answer, redirects too: their target must not see the plugin's token."""

    def http_response(self, request: Request, response: Any) -> Any:
        return response

    https_response = http_response


def refuse_unreached(answer: Answer) -> None:
    """Hands on the word of `endpoints`, whose codes no external system uses."""
    is_problem = answer.headers.get_content_type() == "application/problem+json"
    if answer.status < 400 or not is_problem or not isinstance(answer.json, dict):
        return
    code = str(answer.json.get("code"))
    if code.startswith("MESH_ENDPOINT_"):
        raise Refusal(answer.status, code, str(answer.json.get("detail")))


def json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def callout_of(
    body: dict[str, Any], x_plugmesh_identity: Annotated[str, Header()] = ""
) -> Callout:
    """Lets nobody ask but the plugin `endpoints`, by the token that the gateway has signed for this plugin."""
    try:
        claims = jwt.decode(
            x_plugmesh_identity,
            mesh_keys.get_signing_key_from_jwt(x_plugmesh_identity),
            algorithms=["EdDSA"],
            audience=NAME,
            issuer="plugmesh",
            options={"require": ["exp"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "the keys of the mesh cannot be fetched") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "the identity token does not count") from error
    if claims.get("sub") != "plugin:endpoints":
        raise HTTPException(403, "callouts are for endpoints alone")
    user = claims.get("for", {}).get("sub")
    return Callout(body, x_plugmesh_identity, user and user.removeprefix("user:"))
