import numpy as np
import pytest

from recsys_lib.search import ProductSearch, build_search_part
from recsys_lib.search._budget import fit_budget
from recsys_lib.search._cache import EmbeddingCache

TEXTS = [f"{n} " + "word " * 99 for n in range(1000)]  # 100 tokens each


class Pretended:
    """An encoder that reads 1,000 tokens a second, by its own clock."""

    def __init__(self, max_tokens):
        self.max_tokens, self.now = max_tokens, 0.0

    def clock(self):
        return self.now

    def cut(self, text):
        return " ".join(text.split()[: self.max_tokens])

    def token_counts(self, texts):
        return np.array([len(text.split()) for text in texts])

    def encode(self, texts):
        self.now += np.minimum(self.token_counts(texts), self.max_tokens).sum() / 1000
        return np.ones((len(texts), 2), dtype=np.float32)

    def cache(self, path):
        return EmbeddingCache(path, str(self.max_tokens))


@pytest.mark.parametrize(
    ("seconds", "tokens", "said"),
    [
        (100, 64, ""),
        (64.1, 64, ""),
        (63, 48, "48 instead of 64, to keep embed.budget_seconds: about 48 s at 1,000 tokens/s"),
        (32.1, 32, "32 instead of 64"),
        (1, 16, "about 16 s at 1,000 tokens/s; fewer are not read, but embed.backend static"),
    ],
)
def test_as_many_tokens_as_fit(seconds, tokens, said):
    encoder = Pretended(64)
    reason = fit_budget(TEXTS, encoder, seconds, None, encoder.clock)
    assert encoder.max_tokens == tokens
    assert said in reason
    assert bool(reason) == (tokens < 64)


def test_what_is_known_costs_nothing(tmp_path):
    path = tmp_path / "cache"
    encoder = Pretended(64)
    fit_budget(TEXTS, encoder, 40, path, encoder.clock)
    assert encoder.max_tokens == 32
    texts = [encoder.cut(text) for text in TEXTS]
    encoder.cache(path).put(texts, encoder.encode(texts))
    again = Pretended(64)
    reason = fit_budget([*TEXTS, "a new text"], again, 40, path, again.clock)
    assert (again.max_tokens, reason[:16]) == (32, "32 instead of 64")
    rest = Pretended(64)
    assert fit_budget(TEXTS, rest, 1, path, rest.clock).endswith("all vectors were in the cache")
    assert rest.max_tokens == 32


def test_queries_are_cut_like_the_products(products, tmp_path):
    from recsys_lib.parameters import EmbedParameters

    parameters = EmbedParameters(precision="float32", budget_seconds=1e-9)
    build_search_part(products, parameters, tmp_path / "search", "x")
    search = ProductSearch.load(tmp_path / "search")
    assert search.encoder.max_tokens == 16
    assert search.facts()["tokens read of each text"].startswith("16 instead of 64")
    rows, _ = search.search("fridge water filter", 1, mode="semantic")
    assert "water filter" in search.names[int(rows[0])]
