"""The conditional logit: which of several candidates a user chose, explained by their features.

P(i) = exp(x_i w) / sum over the candidates j of the same user of exp(x_j w). The weights w minimize
the mean negative log-likelihood plus ``penalty`` |w|^2, on features scaled to unit variance, and
none is negative: each feature is evidence for an item. That also makes the weights sparse.
Reference: McFadden, "Conditional logit analysis of qualitative choice behavior" (1974); as a loss
for ranking, Cao et al., "Learning to Rank: From Pairwise Approach to Listwise" (2007).
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from recsys_lib.blend._features import Features

_ITERATIONS = 100


def fit_choices(
    features: Features, chosen: np.ndarray, group: np.ndarray, penalty: float
) -> np.ndarray:
    """Learn the weights, float64, shape (features,), none negative.

    ``features`` has a row for each candidate, ``chosen`` says which of them were chosen, ``group``
    is the ascending number of the user of each. Users who chose none of their
    candidates carry no information and are left out. ValueError when nothing was chosen at all.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  # slow import, and answers need none

    kept = np.isin(group, np.unique(group[chosen]))
    if not kept.any():
        raise ValueError("no user chose any of the candidates: there is nothing to learn from")
    if not kept.all():
        features, chosen, group = features.take(kept), chosen[kept], group[kept]
    _, starts, user = np.unique(group, return_index=True, return_inverse=True)
    scale = features.deviations()
    scale[scale == 0] = np.inf  # a constant feature gets the weight 0
    n = int(chosen.sum())
    observed = features.sums(chosen)
    times = np.bincount(user, chosen)

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        utility = features.times(weights / scale)
        # P is the same for utilities shifted by a constant, and exp of the largest is then 1.
        utility -= np.maximum.reduceat(utility, starts)[user]
        odds = np.exp(utility)
        total = np.add.reduceat(odds, starts)
        likelihood = utility[chosen].sum() - (times * np.log(total)).sum()
        # The gradient is the features that the model expects to be chosen less those observed.
        expected = features.sums(odds * (times / total)[user])
        loss = -float(likelihood) / n + penalty * float(weights @ weights)
        return loss, (expected - observed) / (n * scale) + 2 * penalty * weights

    start = np.zeros(features.shape[1])
    options = {"maxiter": _ITERATIONS}
    with threadpool_limits(1, "blas"):  # many small products, for which threads only wait
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * len(start),
            options=options,
        )
    return found.x / scale
