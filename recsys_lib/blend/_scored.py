"""What a source says to some users, in the form that takes least memory."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.blend import _kernels
from recsys_lib.blend._product_scores import ProductScores
from recsys_lib.blend._relative import HistoryScorer, RowScores, SparseScores
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.blend.sources.forms import CompactScores, SameForAll
from recsys_lib.errors import ScoreError

Scored = RowScores | SparseScores | ProductScores


def has_compact_form(source: HistoryScorer) -> bool:
    """Whether its scores take little memory, so that many users can be asked for at once."""
    return (
        isinstance(source, CandidateSource) and type(source).compact is not CandidateSource.compact
    )


def score(source: HistoryScorer, histories: Histories) -> Scored:
    """What a source says, beside its best score for an item that the user does not have.

    Items of the history often score highest, and cannot be recommended: with them in the maximum
    the candidates of a long history would all look weak. Where no score is above 0 the best is 1.

    ScoreError for scores that are not finite, or not one for each user and item.
    """
    found: CompactScores = (
        source.compact(histories)
        if isinstance(source, CandidateSource)
        else source.scores(histories)
    )
    if found.shape != (len(histories), histories.n_items):
        raise ScoreError(
            f"{type(source).__name__} gave scores of shape {found.shape} for {len(histories)} "
            f"users and {histories.n_items} items: one score is needed for each user and item"
        )
    best = np.empty(len(histories), dtype=np.float32)
    if isinstance(found, sparse.csr_matrix):
        cells = (found.indptr, found.indices, found.data)
        own = (histories.indptr, histories.items, histories.n_items)
        finite = _kernels.best_new_of_sparse(*cells, *own, best)
        scored: Scored = SparseScores(found, best)
    else:
        rows = found.row[None] if isinstance(found, SameForAll) else found
        own_sorted = (histories.indptr, histories.sorted_items)
        finite = _kernels.best_new_of_rows(rows, *own_sorted, best)
        scored = RowScores(rows, best)
    if not finite:
        raise ScoreError(
            f"{type(source).__name__} gave NaN or infinity as a score, which cannot be ranked"
        )
    return scored
