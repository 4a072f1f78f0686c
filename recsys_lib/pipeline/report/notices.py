"""What a reader of the report must know before the numbers."""

from __future__ import annotations

from typing import Any

from recsys_lib.pipeline.report.headline import human


def remarks(record: dict[str, Any]) -> list[str]:
    """What puts the results in doubt, what the data lacks, and what the run itself noted."""
    return [*_doubts(record), *_gaps(record["metrics"]), *record.get("warnings", [])]


def _doubts(record: dict[str, Any]) -> list[str]:
    found = []
    popular = record["metrics"].get("popular.ndcg@10")
    for model, name in (("served", "What is served"), ("als", "ALS")):
        value = record["metrics"].get(f"{model}.ndcg@10")
        if value is not None and popular is not None and value <= popular:
            found.append(
                f"{name} is no better than recommending what is most popular: "
                f"nDCG@10 {human(value)} against {human(popular)}."
            )
    if record["git"]["dirty"]:
        found.append("The code had changes that are not committed: the run cannot be repeated.")
    return found


def _gaps(metrics: dict[str, float]) -> list[str]:
    sentences = {
        "etl.rejected": "lines of the input were set aside as bad.",
        "etl.reviewed_unknown_products": "rated items are not in the catalogue.",
    }
    return [
        f"{human(metrics[name])} {sentence}"
        for name, sentence in sentences.items()
        if metrics.get(name)
    ]
