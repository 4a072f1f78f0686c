"""What a search part says of itself, and what it warns about."""

from types import SimpleNamespace

import pytest

from recsys_lib.search._facts import cautions_of
from recsys_lib.search._part import BREADTH_KEY, CANDIDATES_KEY, KIND_KEY


def part(kind, breadth, candidates, recalls):
    """As much of a stored part as is asked; wanted is a recall of 95 %."""
    parameters = {KIND_KEY: kind, BREADTH_KEY: breadth, CANDIDATES_KEY: candidates}
    metrics = {f"search.index_recall@{n}": recall for n, recall in recalls.items()}
    return SimpleNamespace(
        part=SimpleNamespace(parameters=parameters, manifest={"metrics": metrics}),
        parameters=SimpleNamespace(index_recall=0.95),
    )


def test_an_index_that_misses_too_much_is_warned_about():
    (said,) = cautions_of(part("fast-scan", 0, 32, {10: 0.96, 200: 0.912}))
    assert "finds 91.2% of the 200 products nearest to a question" in said
    assert "less than embed.index_recall (95.0%)" in said and "set embed.index to exact" in said
    (said,) = cautions_of(part("hnsw", 1024, 1, {10: 0.9, 200: 0.8}))
    assert "90.0% of the 10 and 80.0% of the 200 products nearest" in said


@pytest.mark.parametrize(
    ("kind", "breadth", "candidates", "recall"),
    [
        ("exact", 0, 1, 1.0),
        ("fast-scan", 0, 32, 0.95),
        ("ivf-pq", 1024, 32, 0.97),
        # The half of the questions that chose found enough: the other half differs by chance.
        ("fast-scan", 0, 16, 0.948),
        ("ivf-pq", 512, 32, 0.948),
    ],
)
def test_one_that_finds_enough_is_not(kind, breadth, candidates, recall):
    assert cautions_of(part(kind, breadth, candidates, {10: recall, 200: 0.99})) == []
