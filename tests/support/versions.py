"""Small model versions."""

import numpy as np

from recsys_lib.registry import writing_part


def write_part(dataset, version, part, value):
    """Write a part of one small array."""
    with writing_part(
        dataset.version(version) / part,
        parameters={"value": value},
        data_fingerprint=f"data of {part}",
        libraries=["numpy", "scipy"],
        metrics={f"{part}.value": value},
    ) as folder:
        np.save(folder / "array.npy", np.full(3, value))
