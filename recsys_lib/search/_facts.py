"""What is known of a search part, to show in 03_embed_index and in the status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys_lib.search._choice import looks_no_further
from recsys_lib.search._part import (
    BACKEND_KEY,
    BREADTH_KEY,
    CANDIDATES_KEY,
    FAR_KEY,
    KIND_KEY,
    PRECISION_KEY,
    REASON_KEY,
    TOKENS_REASON_KEY,
    WEIGHT_REASON_KEY,
    SearchPart,
)


def facts_of(stored: SearchPart) -> dict[str, Any]:
    """What was built and how: a label and a value each."""
    metrics, parameters = stored.part.manifest["metrics"], stored.part.parameters
    return {
        "products in the index": len(stored.items),
        "products without text, left out": metrics["search.empty_texts"],
        "texts encoded in this run": metrics["search.texts_encoded"],
        "texts per second": round(metrics["search.texts_per_second"]),
        "encoder": _encoder(parameters),
        "tokens read of each text": parameters.get(TOKENS_REASON_KEY)
        or f"at most {parameters['max_tokens']}",
        "length of a vector": stored.embeddings.shape[1],
        "vector index": _index(parameters),
        **{f"recall of questions at {n}": f"{recall:.1%}" for n, recall in _recalls(metrics)},
        "weight of meaning in hybrid search": parameters[WEIGHT_REASON_KEY],
        "cosine below which a product is far": round(parameters[FAR_KEY], 2),
        "share of nonsense queries below it": f"{metrics['search.nonsense_far']:.0%}",
        "distinct words": stored.lexical.n_words,
        "language of the stemmer": stored.lexical.language,
        "product codes": len(stored.codes),
    }


def cautions_of(stored: SearchPart) -> list[str]:
    """What to know before relying on the part: that its vector index misses too much."""
    parameters, wanted = stored.part.parameters, stored.parameters.index_recall
    chosen = parameters[KIND_KEY], parameters[BREADTH_KEY], parameters.get(CANDIDATES_KEY, 1)
    measured = _recalls(stored.part.manifest["metrics"])
    low = [(n, recall) for n, recall in measured if recall < wanted]
    if not low or not looks_no_further(*chosen):
        return []
    found = " and ".join(f"{recall:.1%} of the {n}" for n, recall in low)
    return [
        f"The vector index finds {found} products nearest to a question, less than "
        f"embed.index_recall ({wanted:.1%}), and can look no further: set embed.index to exact, or "
        "embed.index_recall to what is enough."
    ]


def _recalls(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """How many products are looked for, and the share of them that the vector index finds."""
    prefix = "search.index_recall@"
    return [(k.removeprefix(prefix), v) for k, v in metrics.items() if k.startswith(prefix)]


def _index(parameters: dict[str, Any]) -> str:
    """The kind, and how far it looks; only parts of this release say how many candidates."""
    kind, breadth = parameters[KIND_KEY], parameters[BREADTH_KEY]
    looked = {"hnsw": f"{breadth} links looked at", "ivf-pq": f"{breadth} clusters looked into"}
    said = [looked[kind]] if kind in looked else []
    if (candidates := parameters.get(CANDIDATES_KEY, 1)) > 1:
        said.append(f"{candidates} candidates compared exactly for each product wanted")
    return ": ".join([kind, ", ".join(said)]) if said else str(kind)


def _encoder(parameters: dict[str, Any]) -> str:
    """Library, precision, and why; versions before openvino were all encoded by torch."""
    reason = parameters.get(REASON_KEY)
    by = f"{parameters.get(BACKEND_KEY, 'torch')} in {parameters[PRECISION_KEY]}"
    return f"{by} ({reason})" if reason else by
