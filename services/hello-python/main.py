"""A plugin in Python: answers HTTP, publishes how its own process is, and answers pushes.

It knows nothing of plugmesh: a port from the environment, names of channels on Redis, and who asks by an ordinary JWT.
"""

import asyncio
import json
import logging
import os
import platform
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import jwt
import uvicorn
from fastapi import FastAPI, Header, HTTPException
from redis.asyncio import Redis
from redis.exceptions import RedisError

NAME = os.environ.get("PLUGMESH_PLUGIN", "hello-python")
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
MESH_URL = os.environ.get("PLUGMESH_URL", "http://127.0.0.1:2345")
STARTED = time.monotonic()
STOP_SECONDS = 4
LONGEST_NONCE = 255
NOT_PUSHES = ("phx_join", "phx_leave")

log = logging.getLogger("uvicorn.error")
redis = Redis.from_url(REDIS_URL)
# Fetches the keys of the mesh with the first token, and again for one that names a key which it does not know.
mesh_keys = jwt.PyJWKClient(
    f"{MESH_URL}/.well-known/jwks.json", timeout=3, cooldown_duration=1
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(keep_doing(publish_process)),
        asyncio.create_task(keep_doing(answer_pushes)),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's; redirects from /whoami/ to /whoami would
# name the address of this process.
app = FastAPI(
    title="Hello from Python",
    lifespan=lifespan,
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
)


@app.get("/")
async def greet() -> dict[str, str]:
    """A greeting."""
    return {"hello": "mesh", "language": "python"}


@app.get("/healthz")
async def health() -> dict[str, str]:
    """Whether this process can work."""
    return {"status": "ok"}


# Not async: the keys are fetched meanwhile.
@app.get("/whoami")
def whoami(
    x_plugmesh_identity: Annotated[str | None, Header()] = None,
) -> dict[str, str | list[str] | None]:
    """Who asks, by the token that the gateway has signed for this plugin."""
    if x_plugmesh_identity is None:
        return {"sub": None}
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
    return {name: claims.get(name) for name in ("sub", "name", "roles")}


async def keep_doing(work: Callable[[], Awaitable[None]]) -> None:
    """Does it again, a second later, whenever Redis was away."""
    while True:
        try:
            await work()
        except (RedisError, OSError) as error:
            log.warning("Redis: %s", error)
        await asyncio.sleep(1)


async def publish_process() -> None:
    while True:
        await redis.publish(f"to:{NAME}:process", json.dumps(process_report()))
        await asyncio.sleep(1)


def process_report() -> dict[str, str | int | float | None]:
    return {
        "language": "python",
        "version": platform.python_version(),
        "pid": os.getpid(),
        "uptimeSeconds": round(time.monotonic() - STARTED, 1),
        "memoryBytes": memory_bytes(),
        "tasks": len(asyncio.all_tasks()),
    }


def memory_bytes() -> int | None:
    """Resident memory; None where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


async def answer_pushes() -> None:
    """Answers `from:<topic>:<event>` on `to:<topic>:<event>_result`, with the nonce of the push."""
    async with redis.pubsub(ignore_subscribe_messages=True) as pushes:
        await pushes.psubscribe(f"from:{NAME}:*")
        async for message in pushes.listen():
            # The last colon splits: the topic may have colons, the event has none.
            topic, _, event = (
                message["channel"].decode(errors="replace").rpartition(":")
            )
            nonce = nonce_of(message["data"])
            if nonce is None or topic != f"from:{NAME}" or event in NOT_PUSHES:
                continue
            answer = json.dumps({"nonce": nonce, "language": "python"})
            await redis.publish(f"to:{NAME}:{event}_result", answer)


def nonce_of(payload: bytes) -> str | int | float | None:
    """The nonce of a push, which comes from any browser: a number, or text of a length worth repeating."""
    try:
        nonce = json.loads(payload)["nonce"]
        # Python reads NaN and infinities, which are not JSON.
        json.dumps(nonce, allow_nan=False)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if isinstance(nonce, str):
        return nonce if len(nonce) <= LONGEST_NONCE else None
    return nonce if type(nonce) in (int, float) else None


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
