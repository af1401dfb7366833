"""Definitions as data, and the code that reads and checks them."""

from lighed.catalogue.load import Catalogue, load

__all__ = ["Catalogue", "load"]
