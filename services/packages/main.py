"""A plugin in Python that adds a type of endpoint: devpi servers, package indexes with users of their own.

It makes no connection to them itself: each callout of `endpoints` brings a path by which it reaches the server.
"""

import os
import signal
import sys
import time
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from devpi import (
    ADMINISTRATOR,
    count_indexes,
    login,
    server_info,
    user_of_token,
)
from indexes_seen import IndexesSeen
from mesh import Callout, Refusal, callout_of

STOP_SECONDS = 4
TYPE = "devpi"

# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's.
app = FastAPI(
    title="Package indexes",
    version="0.1.0",
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
)
# Not described: nobody but `endpoints` gets there.
callouts = APIRouter(prefix="/endpoint", include_in_schema=False)
Asked = Annotated[Callout, Depends(callout_of)]
indexes = IndexesSeen()


# Not async, like all of them: the server is asked meanwhile.
@callouts.post("/info")
def info(callout: Asked) -> dict[str, Any]:
    """What a server that is to be registered says about itself."""
    metadata = server_info(callout)
    count = count_indexes(callout)
    return {"metadata": metadata if count is None else {**metadata, "indexes": count}}


@callouts.post("/connect")
def connect(callout: Asked) -> dict[str, Any]:
    """A login with user and password; the server says when it ends."""
    credentials = callout.body["credentials"]
    user = credentials["user"]
    began = time.time()
    headers, seconds = login(callout, user, credentials["password"])
    expires_at = int((began + seconds) * 1000)
    token = {"headers": headers, "expiresAt": expires_at}
    return {"token": token, "user": user, "admin": user == ADMINISTRATOR}


@callouts.post("/validate")
def validate(callout: Asked) -> dict[str, Any]:
    """Whether a login still counts."""
    user_of_token(callout)
    guid = callout.body["endpoint"]["guid"]
    indexes.remember(guid, callout.user, count_indexes(callout))
    return {}


@callouts.post("/update-metadata")
def update_metadata(callout: Asked) -> dict[str, Any]:
    """How many indexes this user had to see when their login was last tried."""
    user = callout.body["user"]["id"]
    own = [each for each in callout.body["endpoints"] if each["type"] == TYPE]
    seen = {each["guid"]: indexes.find(each["guid"], user) for each in own}
    return {
        guid: {"indexes": count} for guid, count in seen.items() if count is not None
    }


@app.get("/")
async def about() -> dict[str, list[str]]:
    """The types of endpoints that it adds."""
    return {"types": [TYPE]}


@app.get("/healthz")
async def health() -> dict[str, str]:
    """Whether this process can work."""
    return {"status": "ok"}


@app.exception_handler(Refusal)
async def refuse(_request: Request, refusal: Refusal) -> JSONResponse:
    media_type = "application/problem+json"
    return JSONResponse(refusal.problem, refusal.status, media_type=media_type)


app.include_router(callouts)

if __name__ == "__main__":
    # uvicorn finishes the open requests and then raises the signal once more: that is a clean end.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ["PORT"]),
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
