"""Lighed monitors social inequality in health and helps reduce it."""

__version__ = "0.1.0"
