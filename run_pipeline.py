"""The pipeline in one screen: its steps, what each of them needs, and the files it writes.

python run_pipeline.py                          the built-in sample
python run_pipeline.py --set dataset=/my/data   your own files
python run_pipeline.py --help                   everything else
"""

from __future__ import annotations

import sys

from recsys_lib.paths import (
    DATABASE_FILE,
    EMBEDDING_CACHE_FILE,
    INTERACTION_FILES,
    JOURNAL_FOLDER,
    MONITOR_FILE,
    QUERIES_FOLDER,
    REJECTED_FILE,
    ROWS_FILE,
    SUMMARY_FILE,
)
from recsys_lib.pipeline import Step, data_files, main, monitor_files, version_files
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    EVALUATION,
    INDEX_FILE,
    ITEM_FACTORS_FILE,
    METRICS_FILE,
    PART_MANIFEST,
    SEARCH_PART,
)

STEPS = (
    Step(
        "etl",
        notebook="01_etl",
        produces=data_files(DATABASE_FILE, SUMMARY_FILE, *INTERACTION_FILES),
        may_write=data_files(ROWS_FILE, REJECTED_FILE, JOURNAL_FOLDER, QUERIES_FOLDER),
        metrics=SUMMARY_FILE,
    ),
    Step(
        "als",
        notebook="02_train_als",
        needs=("etl",),
        produces=version_files(ALS_PART, ITEM_FACTORS_FILE, PART_MANIFEST),
        metrics=PART_MANIFEST,
        skip_unless="interactions",
    ),
    Step(
        "embed",
        notebook="03_embed_index",
        needs=("etl",),
        produces=version_files(SEARCH_PART, INDEX_FILE, PART_MANIFEST),
        may_write=data_files(EMBEDDING_CACHE_FILE),
        metrics=PART_MANIFEST,
        skip_unless="products",
        all_cores=True,
    ),
    Step(
        "evaluate",
        notebook="04_evaluate",
        needs=("etl", "als"),
        optional_needs=("embed",),
        produces=version_files(EVALUATION, METRICS_FILE),
        also_produces=version_files(BLEND_PART, PART_MANIFEST),
        also_if="interactions",
        metrics=METRICS_FILE,
        skip_unless=("interactions", "products"),
    ),
    Step(
        "monitor",
        notebook="05_monitor",
        needs=("etl",),
        produces=monitor_files(MONITOR_FILE),
        metrics=MONITOR_FILE,
        on_request=True,
    ),
)

if __name__ == "__main__":
    sys.exit(main(STEPS))
