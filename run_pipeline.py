"""The pipeline in one screen: its steps, and what each of them needs and leaves.

python run_pipeline.py                          the built-in sample
python run_pipeline.py --set dataset=/my/data   your own files
python run_pipeline.py --help                   everything else
"""

from __future__ import annotations

import sys

from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.steps import Step

# {data} is data/processed/<dataset>/, {model} is models/<dataset>/<run_id>/.
STEPS = (
    Step(
        "etl",
        notebook="01_etl",
        produces=(
            *("{data}/recommender.db", "{data}/summary.json"),
            *("{data}/interactions.parquet", "{data}/users.parquet", "{data}/items.parquet"),
        ),
        keeps=("{data}/rejected.jsonl", "{data}/journal"),
        metrics="{data}/summary.json",
    ),
    Step(
        "als",
        notebook="02_train_als",
        needs=("etl",),
        produces=("{model}/als/item_factors.npy", "{model}/als/part.json"),
        metrics="{model}/als/part.json",
    ),
    Step(
        "embed",
        notebook="03_embed_index",
        needs=("etl",),
        produces=("{model}/search/index.faiss", "{model}/search/part.json"),
        keeps=("{data}/embeddings.db",),
        only_with="products",
        outlasts=True,
        metrics="{model}/search/part.json",
    ),
    Step(
        "evaluate",
        notebook="04_evaluate",
        needs=("etl", "als"),
        uses=("embed",),
        produces=("{model}/evaluation/metrics.json", "{model}/blend/part.json"),
        metrics="{model}/evaluation/metrics.json",
    ),
)

if __name__ == "__main__":
    sys.exit(main(STEPS))
