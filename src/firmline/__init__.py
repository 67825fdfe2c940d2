"""firmline: firmware updates for nRF5x units that a production line can trust."""

__version__ = "0.1.0"
