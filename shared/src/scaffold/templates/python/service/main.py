"""plugin-name: works in the background, live on the topic 'plugin-name', and answers pushes."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("uvicorn.error")
redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))
seconds = 0


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(keep_doing(work)),
        asyncio.create_task(keep_doing(answer_pushes)),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Pages like /docs would ask for /openapi.json of the mesh, not for this plugin's; redirects for slashes would name this
# process, not the mesh.
app = FastAPI(
    title="plugin-name",
    lifespan=lifespan,
    redirect_slashes=False,
    docs_url=None,
    redoc_url=None,
)


@app.get("/")
async def report() -> dict[str, int]:
    """How many seconds it has counted."""
    return {"seconds": seconds}


@app.get("/healthz")
async def health() -> dict[str, str]:
    """Whether this process can work."""
    return {"status": "ok"}


async def keep_doing(task: Callable[[], Awaitable[None]]) -> None:
    """Does it again, a second later, whenever Redis was away."""
    while True:
        try:
            await task()
        except (RedisError, OSError) as error:
            log.warning("Redis: %s", error)
        await asyncio.sleep(1)


async def work() -> None:
    """What this plugin is for: it counts, and tells whoever has joined the topic."""
    global seconds
    while True:
        seconds += 1
        await publish("tick", await report())
        await asyncio.sleep(1)


async def answer_pushes() -> None:
    """Answers the push `ping` with `pong`. The payload comes from any browser: trust nothing in it."""
    async with redis.pubsub(ignore_subscribe_messages=True) as pushes:
        await pushes.subscribe("from:plugin-name:ping")
        async for _message in pushes.listen():
            await publish("pong", await report())


async def publish(event: str, payload: object) -> None:
    await redis.publish(f"to:plugin-name:{event}", json.dumps(payload))


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
