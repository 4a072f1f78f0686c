"""Readers of the served models, while runs publish new ones and old ones are removed."""

import random
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from recsys_lib import Recommender, registry
from recsys_lib.als import train_als, write_als_part
from recsys_lib.data.database import read_products
from recsys_lib.data.display import display_table
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EtlParameters
from recsys_lib.paths import Dataset

READERS, VERSIONS = 50, 8
PAUSE = 0.5  # seconds; without one the readers leave the writer no time


@pytest.mark.slow
def test_fifty_readers_never_see_a_torn_or_missing_version(workspace):
    """All factors of version vN are N: a mixture of two versions would show."""
    dataset = Dataset.find("sample-200")
    train_versions(dataset)
    registry.publish(dataset, "v1")
    stop, problems = threading.Event(), []
    seen = {number: threading.Event() for number in range(1, VERSIONS + 1)}

    def read():
        while not stop.wait(PAUSE * random.random()):
            try:
                opened = Recommender.load(dataset="sample-200")
                value = int(opened.version.removeprefix("v"))
                assert np.unique(opened.als.model.item_factors).tolist() == [value]
                seen[value].set()
            except Exception as error:
                problems.append(repr(error))
                return

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(2, VERSIONS + 1):
        assert seen[number - 1].wait(60), problems  # the readers are at work during each exchange
        registry.publish(dataset, f"v{number}")
        shutil.rmtree(dataset.version(f"v{number - 1}"))  # as recsys clean does
    stop.set()
    for reader in readers:
        reader.join(60)
    assert problems == []


def train_versions(dataset):
    """Versions v1, v2, ... all of whose factors are their number; none is published yet."""
    store_dataset(load_dataset(dataset, EtlParameters()))
    interactions = Interactions.load(dataset.processed)
    parameters = AlsParameters(factors=2, iterations=1)
    trained = train_als(interactions, parameters)
    for number in range(1, VERSIONS + 1):
        items = np.full_like(trained.item_factors, number)
        write_als_part(
            dataset.version(f"v{number}") / "als",
            replace(trained, item_factors=items),
            interactions,
            display_table(list(interactions.items.ids()), read_products(dataset.database)),
            parameters=parameters,
            data_fingerprint="f",
        )
