"""How long the texts are, as a picture."""

from __future__ import annotations

import numpy as np

from recsys_lib.display.plotting import COLORS, Plot, figure


def token_lengths(counts: np.ndarray, max_tokens: int) -> Plot:
    """Histogram of tokens per text, shape (n,), with the cut at ``max_tokens``.

    The longest hundredth is drawn at the right edge, so that a few giants do not squeeze the rest.
    """
    right = max(int(np.quantile(counts, 0.99)), max_tokens) + 1
    cut = float((counts > max_tokens).mean())
    plot, axes = figure("How long the texts are", xlabel="tokens", ylabel="products")
    width = -(-right // 60)  # whole tokens, or the bars would alternate between high and low
    edges = list(range(0, right + width + 1, width))
    axes.hist(np.minimum(counts, right), bins=edges, color=COLORS[0])
    axes.margins(y=0.18)  # room for the note above the bars
    axes.axvline(max_tokens, color=COLORS[1], linewidth=2)
    axes.annotate(
        f"cut at {max_tokens}: {cut:.0%} of the texts go on",
        (max_tokens, 1.0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        xytext=(-6, -12) if max_tokens > right / 2 else (6, -12),
        ha="right" if max_tokens > right / 2 else "left",
        color=COLORS[1],
    )
    return plot
