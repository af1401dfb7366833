"""Definitions as data, and the code that reads and checks them."""

from lighed.catalogue.catalogue import Catalogue
from lighed.catalogue.load import evaluation, forms, load, portfolio

__all__ = ["Catalogue", "evaluation", "forms", "load", "portfolio"]
