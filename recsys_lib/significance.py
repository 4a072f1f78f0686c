"""The only place with intervals and tests: how sure is a mean, and is a difference more than noise?

Values belong to users (or to queries), one value each. Two models are compared on the same users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from recsys_lib.verdicts import Verdict

RESAMPLES = 1_000
FLIPS = 9_999
SIGNIFICANT = 0.05
"""A difference with a p-value up to this one counts as beyond noise."""
FEW = 1_000
_BLOCK_CELLS = 4_000_000
_ROUNDING = 1e-6  # of sums of float32, relative


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference between two models on the same users.

    Parameters
    ----------
    mean: of mine - theirs; ``low`` and ``high`` bound its 95 % bootstrap interval.
    p: p-value of the paired randomization test.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def verdict(self) -> Verdict:
        """Whether mine is better or worse than theirs, or within noise."""
        return verdict(self.mean, self.p)


def bootstrap_interval(values: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean of each column, from resampled users.

    All columns are resampled together.

    Parameters
    ----------
    values
        One row per user, shape (users,) or (users, columns).
    seed
        Of the resampling; the same seed gives the same interval.

    Returns
    -------
    The 2.5th and the 97.5th percentile of the resampled means, shape (columns,) each.

    Examples
    --------
    >>> import numpy as np
    >>> found = np.repeat([0.0, 1.0], 200)  # half of 400 users
    >>> low, high = bootstrap_interval(found, seed=0)
    >>> print(f"{found.mean():.2f}, between {low:.2f} and {high:.2f}")
    0.50, between 0.45 and 0.55

    Reference: Efron, "Bootstrap methods" (1979); Sakai, "Evaluating evaluation metrics based on
    the bootstrap" (2006) for ranking.
    """
    n, generator = len(values), np.random.default_rng(seed)
    means = np.empty((RESAMPLES, *values.shape[1:]))
    size = max(1, _BLOCK_CELLS // n)
    for start in range(0, RESAMPLES, size):
        stop = min(start + size, RESAMPLES)
        # How often each user is drawn; the mean is then one matrix product for all columns.
        drawn = [np.bincount(generator.integers(0, n, n), minlength=n) for _ in range(start, stop)]
        with threadpool_limits(1, "blas"):
            means[start:stop] = np.array(drawn, dtype=np.float64) @ values / n
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return low, high


def half_width(values: np.ndarray, *, seed: int) -> float:
    """Half the width of the bootstrap interval of a mean: the number behind ±.

    ``values`` has the shape (users,); NaN (a user without a value) is left out. NaN when no value
    is left.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return math.nan
    low, high = bootstrap_interval(known[:, None], seed=seed)
    return float((high[0] - low[0]) / 2)


def paired_test(differences: np.ndarray, *, seed: int) -> float:
    """Two-sided p-value of "the mean difference is 0", by flipping signs at random.

    If neither model is better, every pattern of signs is equally likely. p is the share of
    patterns at least as extreme as the observed one, which is included.

    Parameters
    ----------
    differences
        One value per user, shape (users,).
    seed
        Of the random flips.

    Returns
    -------
    p, in (0, 1]; 1 when no user differs.

    Notes
    -----
    When more than ``FEW`` users differ, the sum of random signs is normal, with the sum of squares
    as its variance, and nothing is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> paired_test(np.array([0.1, -0.1, 0.2, -0.2]), seed=0)
    1.0
    >>> paired_test(np.full(20, 0.1), seed=0) < 0.001
    True

    Reference: Fisher's randomization test; Smucker, Allan, Carterette, "A comparison of statistical
    significance tests for information retrieval evaluation" (2007).
    """
    changed = differences[differences != 0]
    if not len(changed):
        return 1.0
    if len(changed) > FEW:
        return math.erfc(abs(changed.sum()) / math.sqrt(2 * (changed**2).sum()))
    generator = np.random.default_rng(seed)
    # Equal sums, added up in another order, differ by rounding: they must count as extreme.
    observed = abs(changed.sum()) - _ROUNDING * np.abs(changed).sum()
    size = max(1, _BLOCK_CELLS // len(changed))
    extreme = 0
    for start in range(0, FLIPS, size):
        shape = (min(size, FLIPS - start), len(changed))
        signs = generator.integers(0, 2, shape, dtype=np.int8) * np.float32(2) - np.float32(1)
        extreme += int((np.abs(signs @ changed.astype(np.float32)) >= observed).sum())
    return (extreme + 1) / (FLIPS + 1)


def paired_comparison(mine: np.ndarray, theirs: np.ndarray, *, seed: int) -> PairedDifference:
    """Compare two models on the same users: mean difference, interval, and p-value.

    Parameters
    ----------
    mine, theirs
        One value per user, in the same order, shape (users,).
    seed
        Of the resampling and of the test.

    Examples
    --------
    >>> import numpy as np
    >>> mine, theirs = np.array([0.9, 0.8, 0.9, 0.7] * 5), np.array([0.5, 0.7, 0.6, 0.4] * 5)
    >>> paired_comparison(mine, theirs, seed=0).verdict
    'better'
    """
    gaps = mine - theirs
    low, high = bootstrap_interval(gaps[:, None], seed=seed)
    p = paired_test(gaps, seed=seed)
    return PairedDifference(float(np.mean(gaps)), float(low[0]), float(high[0]), p)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct p-values for the number of tests.

    Sorted p-values are multiplied by m, m - 1, ..., 1, never fall, and are at most 1.

    Parameters
    ----------
    p_values
        One per test, shape (m,).

    Returns
    -------
    The corrected p-values, in the given order.

    Examples
    --------
    >>> import numpy as np
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]

    Reference: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(np.sort(p_values) * factors), 1)
    return corrected


def verdict(difference: float, p: float) -> Verdict:
    """What a difference with this p-value means."""
    if p > SIGNIFICANT:
        return "within noise"
    return "better" if difference > 0 else "worse"
