"""plugin-name: middleware. The gateway asks it about every request to another plugin, before it passes it on."""

import os
import signal
import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Response

# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's; redirects for slashes would name this
# process, not the mesh.
app = FastAPI(
    title="plugin-name", redirect_slashes=False, docs_url=None, redoc_url=None
)


@app.get(
    "/check",
    status_code=204,
    responses={403: {"description": "The request is refused"}},
)
async def check(
    response: Response,
    x_refuse_me: Annotated[str | None, Header()] = None,
) -> None:
    """Any answer but 2xx is the client's; with 2xx the request goes on, with this header."""
    if x_refuse_me is not None:
        raise HTTPException(403, "plugin-name does not let this pass")
    response.headers["X-Checked-By"] = "plugin-name"


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
