"""plugin-name: a type of endpoint. How users connect, and which hooks are here, is in plugin.json."""

import json
import os
import signal
import sys
from typing import Annotated, Any
from urllib.request import HTTPErrorProcessor, Request, build_opener

import jwt
import uvicorn
from fastapi import APIRouter, Body, Depends, FastAPI, Header, HTTPException
from fastapi import Request as Asked
from fastapi.responses import JSONResponse

NAME = os.environ.get("PLUGMESH_PLUGIN", "plugin-name")
MESH_URL = os.environ.get("PLUGMESH_URL", "http://127.0.0.1:2345")
TOKEN = os.environ.get("PLUGMESH_TOKEN", "")

mesh_keys = jwt.PyJWKClient(f"{MESH_URL}/.well-known/jwks.json", timeout=3)


def from_endpoints(x_plugmesh_identity: Annotated[str, Header()] = "") -> None:
    """Lets nobody ask but the plugin `endpoints`, by the token that the gateway has signed."""
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


class Refusal(Exception):
    """Says no; code and detail are for the user."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = {"status": status, "code": code, "detail": detail}


class Answers(HTTPErrorProcessor):
    """Makes an answer of every status, redirects too: nobody else gets the plugin's token."""

    def http_response(self, request: Request, response: Any) -> Any:
        return response

    https_response = http_response


def reach(callout: dict[str, Any], path: str, body: object = None) -> tuple[int, Any]:
    """Asks below the URL that was registered, through `endpoints`: status, and what JSON says."""
    url = f"{MESH_URL}/api/endpoints{callout['reach']}{path}"
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with build_opener(Answers).open(Request(url, data, headers), timeout=9) as answer:
        is_json = answer.headers.get_content_subtype().endswith("json")
        said = json.loads(answer.read()) if is_json else None
    # It was not reached: this is the word of `endpoints`, for the user.
    code = said.get("code") if isinstance(said, dict) and answer.status >= 400 else None
    if str(code).startswith("MESH_ENDPOINT_"):
        raise Refusal(answer.status, code, said["detail"])
    return answer.status, said


# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's.
app = FastAPI(
    title="plugin-name", redirect_slashes=False, docs_url=None, redoc_url=None
)
hooks = APIRouter(
    prefix="/endpoint", dependencies=[Depends(from_endpoints)], include_in_schema=False
)
Callout = Annotated[dict[str, Any], Body()]


# Not async: each waits for the endpoint.
@hooks.post("/info")
def info(callout: Callout) -> dict[str, Any]:
    status, version = reach(callout, "/api/version")
    if status != 200 or not isinstance(version, dict):
        raise Refusal(422, "MESH_ENDPOINT_INVALID", f"/api/version answers {status}")
    return {"metadata": version}


@hooks.post("/connect")
def connect(callout: Callout) -> dict[str, Any]:
    status, login = reach(callout, "/api/login", callout["credentials"])
    if status != 200:
        raise Refusal(400, "MESH_ENDPOINT_CREDENTIALS", "user or password is wrong")
    headers = {"Authorization": f"Bearer {login['token']}"}
    return {"token": {"headers": headers}, "user": login["user"]}


@hooks.post("/validate")
def validate(callout: Callout) -> dict[str, Any]:
    """Here `reach` sends the token along."""
    if reach(callout, "/api/me")[0] != 200:
        raise Refusal(
            409, "MESH_ENDPOINT_EXPIRED", "the token has ended: connect again"
        )
    return {}


@app.exception_handler(Refusal)
async def refuse(_asked: Asked, refusal: Refusal) -> JSONResponse:
    return JSONResponse(
        refusal.problem, refusal.status, media_type="application/problem+json"
    )


@app.get("/healthz", include_in_schema=False)
async def health() -> dict[str, str]:
    """Whether this process can work."""
    return {"status": "ok"}


app.include_router(hooks)

if __name__ == "__main__":
    # uvicorn finishes the open requests and then raises the signal once more: that is a clean end.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        access_log=False,
        timeout_graceful_shutdown=4,
    )
