"""Interactions of users with three tastes, and an ALS part trained on them."""

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap


def world(users=60, items=30, seed=0, kept=1.0):
    """Users of three tastes, items of three kinds; each user has eight of its kind."""
    rng = np.random.default_rng(seed)
    pairs = [
        (user, item)
        for user in range(users)
        for item in rng.permutation(np.arange(user % 3, items, 3))[:8]
        if rng.random() < kept
    ]
    user, item = (np.array(side, dtype=np.int32) for side in zip(*pairs, strict=True))
    return Interactions(
        users=IdMap([f"u{n}" for n in range(users)]),
        items=IdMap([f"i{n}" for n in range(items)]),
        user=user,
        item=item,
        rating=np.ones(len(user), dtype=np.float32),
        timestamp=np.arange(len(user), dtype=np.int64),
    )


def stored(folder, interactions, parameters, **options):
    """A part on disk, opened again."""
    names = interactions.items.ids()
    display = pl.DataFrame({"id": names, "title": names, "image_url": [None] * len(names)})
    trained = train_als(interactions, parameters, **options)
    write_als_part(
        folder, trained, interactions, display, parameters=parameters, data_fingerprint="f"
    )
    return AlsModel.load(folder)
