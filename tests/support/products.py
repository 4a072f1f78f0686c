"""Vectors and items like those of factors: most of their length lies in a few directions."""

import numpy as np
from scipy import sparse


def vectors_and_items(rng, rows, n_items, width, density, *, of_one_length):
    """Vectors, items, and what each vector has seen: (rows, width), (items, width), a matrix."""
    axes = rng.exponential(1, width) ** 2
    items = (axes * rng.standard_normal((n_items, width))).astype(np.float32)
    if of_one_length:
        items /= np.linalg.norm(items, axis=1, keepdims=True)
    vectors = (axes * rng.standard_normal((rows, width))).astype(np.float32)
    return vectors, items, sparse.random(rows, n_items, density, "csr", np.float32, rng)
