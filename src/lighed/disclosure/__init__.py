"""Estimates + policy → Release: the only way out of the secure zone."""

from lighed.disclosure.release import publish

__all__ = ["publish"]
