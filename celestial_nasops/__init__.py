"""The way of the media: queue, NAS access, transfer and delayed deletion. Never imports ``healthcheck``."""

import os

# Neither program has a use for plugins, which pydantic looks for in the metadata of every installed package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__version__ = "0.1.0"
