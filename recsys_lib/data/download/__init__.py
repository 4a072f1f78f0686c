"""Published datasets, fetched into data/raw/."""

from recsys_lib.data.download.dataset import download

__all__ = ["download"]
