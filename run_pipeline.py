"""The pipeline in one screen: its steps, and what each of them needs and leaves.

python run_pipeline.py                          the built-in sample
python run_pipeline.py --set dataset=/my/data   your own files
python run_pipeline.py --help                   everything else
"""

from __future__ import annotations

import sys

from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.steps import Step

# {data} is data/processed/<dataset>/, {version} is models/<dataset>/<run_id>/.
STEPS = (
    Step(
        "etl",
        notebook="01_etl",
        produces=(
            *("{data}/recommender.db", "{data}/summary.json"),
            *("{data}/interactions.parquet", "{data}/users.parquet", "{data}/items.parquet"),
        ),
        may_write=("{data}/rejected.jsonl", "{data}/journal"),
        metrics="{data}/summary.json",
    ),
    Step(
        "als",
        notebook="02_train_als",
        needs=("etl",),
        produces=("{version}/als/item_factors.npy", "{version}/als/part.json"),
        metrics="{version}/als/part.json",
    ),
    Step(
        "embed",
        notebook="03_embed_index",
        needs=("etl",),
        produces=("{version}/search/index.faiss", "{version}/search/part.json"),
        may_write=("{data}/embeddings.db",),
        skip_unless="products",
        all_cores=True,
        metrics="{version}/search/part.json",
    ),
    Step(
        "evaluate",
        notebook="04_evaluate",
        needs=("etl", "als"),
        optional_needs=("embed",),
        produces=("{version}/evaluation/metrics.json", "{version}/blend/part.json"),
        metrics="{version}/evaluation/metrics.json",
    ),
)

if __name__ == "__main__":
    sys.exit(main(STEPS))
