"""Fetch published datasets into data/raw/."""

from recsys_lib.data.download._dataset import download
from recsys_lib.data.download._fetch import Patience
from recsys_lib.data.download._published import published

__all__ = ["Patience", "download", "published"]
