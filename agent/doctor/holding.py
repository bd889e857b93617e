"""Who writes the store, as far as this user may know."""

from agent.config import Config
from agent.stores.holder import live_holder
from agent.stores.opening import parse_url


def holder_of(config: Config) -> dict[str, str] | None:
    """The store's holder; None if there is none, or if this user may not look."""
    try:
        return live_holder(parse_url(config.store.url, simulated=config.store.simulated))
    except OSError:
        return None
