"""Run records and executed notebooks to make reports of."""

import nbformat

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


def step(name, notebook, **more):
    return {
        "name": name,
        "notebook": notebook,
        "status": "executed",
        "reason": "",
        "started_at": "2026-01-01T00:00:01.000Z",
        "seconds": 4.0,
        "startup_seconds": 1.0,
        "peak_memory_mb": 100.0,
        "outputs": [{"path": "/x/a.db", "sha256": "ab" * 32, "bytes": 1234}],
        "metrics": {},
        **more,
    }


def record(**more):
    return {
        "run_id": "r1",
        "status": "succeeded",
        "started_at": "2026-01-01T00:00:00.000Z",
        "finished_at": "2026-01-01T00:00:10.000Z",
        "dataset": "shop",
        "parameters": {"dataset": "shop", "als": {"factors": 64, "alpha": 10.0}},
        "changed_parameters": ["als.factors"],
        "git": {"commit": "c" * 40, "dirty": False},
        "environment": {"python": "3.11", "packages": {"numpy": "2.0"}},
        "steps": [step("etl", "01_etl.ipynb")],
        "metrics": {"als.ndcg@10": 0.2, "popular.ndcg@10": 0.05, "etl.kept": 12345},
        **more,
    }


def output(**data):
    return nbformat.v4.new_output("display_data", data=data)


def notebook(*outputs):
    v4 = nbformat.v4
    code = v4.new_code_cell("secret_looking_code = 1", outputs=list(outputs))
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Load\nIt is *fine*."), code])
