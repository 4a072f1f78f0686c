"""Readers of the served models, while runs publish new ones and old ones are removed."""

import shutil
import threading
from dataclasses import replace

import numpy as np

from recsys_lib import Recommender
from recsys_lib.als import train_als, write_als_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset
from recsys_lib.serving import registry

READERS, VERSIONS = 50, 12


def test_fifty_readers_never_see_a_torn_or_missing_version(shop, workspace):
    """All factors of version vN are N: a mixture of two versions would show."""
    dataset = Dataset.find("shop")
    publish = publisher(shop, dataset)
    publish(1)
    stop, problems, seen = threading.Event(), [], set()

    def read():
        while not stop.is_set():
            try:
                opened = Recommender.load(dataset="shop")
                value = int(opened.version.removeprefix("v"))
                for factors in (opened.als.model.item_factors, opened.als.model.user_factors):
                    assert np.unique(factors).tolist() == [value]
                seen.add(value)
            except Exception as error:
                problems.append(repr(error))
                return

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(2, VERSIONS + 1):
        publish(number)
        shutil.rmtree(dataset.version(f"v{number - 1}"))  # as recsys clean does
    stop.set()
    for reader in readers:
        reader.join(60)
    assert problems == []
    assert len(seen) > 1


def publisher(shop, dataset):
    """A function that publishes a version all of whose factors are its number."""
    interactions, parameters = Interactions.load(shop.processed), AlsParameters(factors=2, iterations=1)
    trained = train_als(interactions, parameters)
    items = Recommender.load(shop.version("v1")).als.display

    def publish(number):
        factors = {
            name: np.full_like(getattr(trained, name), number)
            for name in ("user_factors", "item_factors")
        }
        write_als_part(
            dataset.version(f"v{number}") / "als",
            replace(trained, **factors),
            interactions,
            items,
            parameters=parameters,
            data_fingerprint="f",
        )
        registry.publish(dataset, f"v{number}")

    return publish
