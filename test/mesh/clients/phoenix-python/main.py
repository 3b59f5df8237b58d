"""phoenix-channels-python-client, unmodified: joins a topic, pushes for ever, and says what it gets."""

import asyncio
import json
import sys
from itertools import count

from phoenix_channels_python_client import (
    PhoenixChannelsProtocolVersion,
    PHXChannelsClient,
    ReconnectPolicy,
)
from phoenix_channels_python_client.phx_messages import ChannelMessage, PHXMessage
from websockets.exceptions import ConnectionClosed

VERSIONS = {
    "1": PhoenixChannelsProtocolVersion.V1,
    "2": PhoenixChannelsProtocolVersion.V2,
}


async def main() -> None:
    origin, topic, version = sys.argv[1:]
    policy = ReconnectPolicy(base_delay_s=0.1, max_delay_s=1.0)
    async with PHXChannelsClient(
        f"{origin}/socket/websocket",
        "no-key",
        protocol_version=VERSIONS[version],
        reconnect_policy=policy,
    ) as client:
        await client.subscribe_to_topic(topic, say)
        for n in count():
            await asyncio.sleep(0.1)
            await push(client, topic, n)


async def say(message: ChannelMessage) -> None:
    event = str(message.event).replace("phx_", "")
    print(event, json.dumps(message.payload), flush=True)


async def push(client: PHXChannelsClient, topic: str, n: int) -> None:
    """The client has no call for a push of one's own; its protocol handler and its messages are public."""
    if client.connection is None or not client.is_topic_joined(topic):
        return
    join_ref = client.get_current_subscriptions()[topic].join_ref
    message = PHXMessage(
        topic=topic, event="say", ref=f"say-{n}", join_ref=join_ref, payload={"n": n}
    )
    try:
        await client.get_protocol_handler().send_message(client.connection, message)
    except ConnectionClosed:
        pass


asyncio.run(main())
