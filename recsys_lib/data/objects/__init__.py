"""Datasets in object storage, and the storage itself."""

from recsys_lib.data.objects.dataset import Fetched, fetch_dataset
from recsys_lib.data.objects.store import Store

__all__ = ["Fetched", "Store", "fetch_dataset"]
