"""How many indexes users have seen of endpoints when this process asked last: `update-metadata` has no time to ask."""

from collections import OrderedDict

MOST = 10_000


class IndexesSeen:
    """Remembers counts by endpoint and user, because servers may show users different indexes."""

    def __init__(self, most: int = MOST) -> None:
        self._counts: OrderedDict[tuple[str, str | None], int] = OrderedDict()
        self._most = most

    def remember(self, guid: str, user: str | None, count: int | None) -> None:
        if count is None:
            return
        self._counts[guid, user] = count
        self._counts.move_to_end((guid, user))
        # The one that nobody has asked for longest.
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)

    def find(self, guid: str, user: str | None) -> int | None:
        return self._counts.get((guid, user))
