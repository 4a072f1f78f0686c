"""What is said of texts that are cut."""

import numpy as np

from recsys_lib.search._cuts import said_of_cuts


class Clock:
    """An encoder whose vector is a direction that the last word it reads names, in degrees."""

    reads_at_most = 8

    def __init__(self, max_tokens):
        self.max_tokens = max_tokens

    def token_counts(self, texts):
        return np.array([len(text.split()) for text in texts])

    def encode(self, texts):
        words = [text.split()[: self.max_tokens][-1] for text in texts]
        angles = np.deg2rad([float(word) for word in words])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def said(texts, max_tokens):
    encoder = Clock(max_tokens)
    sentence = said_of_cuts(texts, encoder.encode(texts), encoder)
    assert encoder.max_tokens == max_tokens
    return sentence


def test_whole_texts_have_nothing_to_lose():
    assert said([str(n) for n in range(20)], 2) == "at most 2; 0% of the texts are longer"


def test_texts_that_say_the_same_further_on_keep_their_neighbours():
    texts = [f"{n} 0 {n}" if n % 2 else str(n) for n in range(40)]
    assert said(texts, 1) == (
        "at most 1; 50% of the texts are longer, and keep 100% of their 10 nearest products if "
        "read up to 4 tokens (20 texts tried)"
    )


def test_texts_that_say_something_else_further_on_lose_them():
    far = [f"{n} {n + 100}" for n in range(4)]
    texts = [*far, *(str(n) for n in range(20)), *(str(100 + n) for n in range(20))]
    assert "keep 0% of their 10 nearest products" in said(texts, 1)


def test_a_model_that_reads_no_further_is_not_asked():
    assert said(["1 2 3 4 5 6 7 8 9"] * 20, 8) == "at most 8; 100% of the texts are longer"
