"""plugin-name: answers HTTP. Names, guards and routes' rules are in plugin.json."""

import os
import signal
import sys
from typing import Annotated
from urllib.parse import unquote

import uvicorn
from fastapi import FastAPI, Header, HTTPException

# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's; redirects for slashes would name this
# process, not the mesh.
app = FastAPI(
    title="plugin-name", redirect_slashes=False, docs_url=None, redoc_url=None
)
said_by_gateway = Header(include_in_schema=False)


@app.get("/")
async def greet() -> dict[str, str]:
    """A greeting, for everybody."""
    return {"hello": "plugin-name"}


@app.get("/v1/me", responses={401: {"description": "Nobody has logged in"}})
async def me(
    x_plugmesh_user: Annotated[str | None, said_by_gateway] = None,
    x_plugmesh_roles: Annotated[str, said_by_gateway] = "",
) -> dict[str, str | list[str]]:
    """Who calls, as the gateway says: nobody else reaches this process."""
    if x_plugmesh_user is None:
        raise HTTPException(401, "log in first")
    roles = [unquote(role) for role in x_plugmesh_roles.split(",") if role]
    return {"user": unquote(x_plugmesh_user), "roles": roles}


@app.get("/healthz")
async def health() -> dict[str, str]:
    """Whether this process can work."""
    return {"status": "ok"}


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
