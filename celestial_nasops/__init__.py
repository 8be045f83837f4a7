"""The way of the media: queue, NAS access, transfer and delayed deletion. Never imports ``healthcheck``."""

__version__ = "0.1.0"
