"""Item factors from Spark's ALS, with the parameters of ours.

Reference: Hu, Koren, Volinsky (2008), as in :mod:`pyspark.ml.recommendation`. Its objective differs
in one thing: lambda of a row grows with the number of its entries (Zhou et al., "Large-Scale
Parallel Collaborative Filtering for the Netflix Prize", 2008).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters
from recsys_lib.spark import Cluster, failure

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel
    from pyspark.sql import SparkSession

MOST_ITERATIONS = 15
"""Spark cannot stop when the loss settles; without momentum, more iterations gain little."""
_CHECKPOINT_INTERVAL = 5
_FEWEST_BLOCKS, _ENTRIES_OF_BLOCK = 4, 2_000_000
_USER, _ITEM, _ABOVE_ONE = "user", "item", "above_one"


def item_factors_on_cluster(
    positive: sparse.csr_matrix, parameters: AlsParameters, cluster: Cluster
) -> np.ndarray:
    """Train on the executors; float32, shape (items, factors), 0 for items that nobody liked.

    Parameters
    ----------
    positive
        Confidences without zeros, shape (users, items).
    parameters
        ``factors``, ``iterations`` and ``seed`` are Spark's rank, maxIter (at most
        ``MOST_ITERATIONS``) and seed. ``regularization`` becomes regParam by
        :func:`spark_regularization`; confidences are given as c - 1, with alpha 1.
    cluster
        Where to train.

    Raises
    ------
    ParameterError
        When a confidence is 1 or less, which Spark would take for a dislike.
    EngineError
        When the training fails on the executors.
    """
    if positive.nnz and positive.data.min() <= 1:
        raise ParameterError(
            f"the smallest confidence is {positive.data.min():g}, and Spark takes those up to 1 "
            "for a dislike: raise als.alpha, or use engine local"
        )
    with cluster.scratch() as folder, cluster.session("als") as spark:
        try:
            model = _trained(spark, folder, positive, parameters)
            model.itemFactors.write.parquet((folder / "factors").as_uri())
        except Exception as error:  # of Java and of Spark, which have many classes
            raise failure(error, "Spark could not train") from error
        return _factors(folder / "factors", positive.shape[1], parameters.factors)


def spark_regularization(positive: sparse.csr_matrix, regularization: float) -> float:
    """Spark's regParam that is worth our lambda.

    A row of n entries has the penalty regParam * n there and lambda here. With n at the geometric
    mean of the mean lengths of users and items both are the same; longer rows are held more.
    """
    users, items = (
        max(int((np.diff(m.indptr) > 0).sum()), 1) for m in (positive, positive.tocsc())
    )
    typical = positive.nnz / (users * items) ** 0.5
    return regularization / max(typical, 1.0)


def _trained(
    spark: SparkSession, folder: Path, positive: sparse.csr_matrix, parameters: AlsParameters
) -> ALSModel:
    from pyspark.ml.recommendation import ALS  # noqa: PLC0415  # optional

    spark.sparkContext.setCheckpointDir((folder / "checkpoints").as_uri())
    entries = spark.read.parquet(_written(folder / "confidences.parquet", positive).as_uri())
    blocks = max(_FEWEST_BLOCKS, math.ceil(positive.nnz / _ENTRIES_OF_BLOCK))
    als = ALS(
        rank=parameters.factors,
        maxIter=min(parameters.iterations, MOST_ITERATIONS),
        regParam=spark_regularization(positive, parameters.regularization),
        alpha=1.0,
        implicitPrefs=True,
        userCol=_USER,
        itemCol=_ITEM,
        ratingCol=_ABOVE_ONE,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        checkpointInterval=_CHECKPOINT_INTERVAL,
        seed=parameters.seed,
    )
    return als.fit(entries)


def _written(path: Path, positive: sparse.csr_matrix) -> Path:
    """The entries as a table, which Spark reads in parts."""
    entries = positive.tocoo()
    columns = {_USER: entries.row, _ITEM: entries.col, _ABOVE_ONE: entries.data - 1}
    pl.DataFrame(columns).write_parquet(path, row_group_size=_ENTRIES_OF_BLOCK)
    return path


def _factors(folder: Path, n_items: int, n_factors: int) -> np.ndarray:
    found = pl.read_parquet(folder / "*.parquet")
    factors = np.zeros((n_items, n_factors), dtype=np.float32)
    factors[found["id"].to_numpy()] = np.stack(found["features"].to_list())
    return factors
