"""A shop of a few users with three tastes: stored, trained and served, without texts."""

from __future__ import annotations

import numpy as np

from recsys_lib import registry
from recsys_lib.als import train_als, write_als_part
from recsys_lib.blend import BlendWeights, LearnedBlend, write_blend_part
from recsys_lib.blend.sources import SEQUENCE, source_types
from recsys_lib.data.database import read_products
from recsys_lib.data.display import display_table
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EtlParameters
from recsys_lib.paths import Dataset
from tests.support.records import write_run
from tests.support.taste_world import world

HEADER = "user_id,item_id,rating,timestamp\n"
START = 1_700_000_000_000
PARAMETERS = AlsParameters(factors=4, iterations=3, num_threads=1)
LEARNED = LearnedBlend(
    BlendWeights(dict.fromkeys({*source_types()} - {SEQUENCE}, (1.0,) * 6), {}), "blend", {}, 60
)


def line(user, item, rating=5, time=0):
    """A line of the file of ratings; ``time`` in seconds after all others."""
    return f"{user},{item},{rating},{START + 1_000_000 + time * 1000}\n"


def write_ratings(folder, without=()):
    """The given file, for some users or for all."""
    taken = world(users=24, items=15)
    users, items = taken.users.ids(taken.user), taken.items.ids(taken.item)
    rows = zip(users, items, np.arange(len(taken)) % 5 + 1, START + taken.timestamp, strict=True)
    lines = [f"{u},{i},{rating},{time}\n" for u, i, rating, time in rows if u not in without]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reviews.csv").write_text(HEADER + "".join(lines))


def store(root, name="shop", *, without=(), parameters=None):
    """The dataset, loaded and stored."""
    dataset = Dataset.find(name, root)
    write_ratings(dataset.raw, without)
    full_load(dataset, parameters)
    return dataset


def full_load(dataset, parameters=None):
    """Read all files; the summary."""
    return store_dataset(load_dataset(dataset, parameters or EtlParameters()))


def train(dataset, version):
    """A version trained on the stored data."""
    interactions = Interactions.load(dataset.processed)
    names = list(interactions.items.ids())
    write_als_part(
        dataset.version(version) / "als",
        train_als(interactions, PARAMETERS),
        interactions,
        display_table(names, read_products(dataset.database)),
        parameters=PARAMETERS,
        data_fingerprint="trained",
    )
    folder = dataset.version(version) / "blend"
    write_blend_part(folder, LEARNED, interactions, PARAMETERS, data_fingerprint="trained")


def serve(dataset, version="v1"):
    """Train a version and serve it."""
    train(dataset, version)
    registry.publish(dataset, version)
    write_run(dataset.root, version, dataset=dataset.name)
    return dataset


def arrays(folder):
    """All arrays of a blend part, by name."""
    return {path.name: np.load(path) for path in sorted(folder.glob("*.npy"))}
