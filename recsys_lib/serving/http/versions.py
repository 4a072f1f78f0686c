"""Which version is served, and which was when, over HTTP."""

from __future__ import annotations

from fastapi import FastAPI

from recsys_lib import registry
from recsys_lib.errors import ArtifactError
from recsys_lib.paths import Dataset
from recsys_lib.serving.http import schemas
from recsys_lib.serving.http.service import Service


def add_versions(app: FastAPI, service: Service) -> None:
    """Let the application tell of the versions of its dataset, also where one is damaged."""

    @app.get("/models")
    def models() -> schemas.Models:
        """All versions of the models, and when each was served."""
        return _models(service.dataset)

    @app.get("/models/history")
    def history() -> schemas.ModelHistory:
        """All changes of the version that is served, the newest first."""
        found = registry.read_history(service.dataset)
        changes = [schemas.ModelChange.of(change) for change in reversed(found.changes)]
        return schemas.ModelHistory(changes=changes, problems=list(found.problems))


def _models(dataset: Dataset) -> schemas.Models:
    history = registry.read_history(dataset)
    problems, served = list(history.problems), None
    try:
        champion = registry.champion(dataset)
        served = champion.name if champion else None
        problems += filter(None, [registry.removed_champion(dataset)])
    except ArtifactError as error:
        problems.append(str(error))
    rows = []
    for version in registry.published_versions(dataset):
        published, parts, problem = _facts(dataset, version)
        problems += filter(None, [problem])
        rows.append(
            schemas.ModelVersion(
                version=version,
                served=version == served,
                published_at=published,
                parts=parts,
                live=[schemas.TimeServed.of(live) for live in history.live(version)],
            )
        )
    rows.sort(key=lambda row: (row.published_at or "", row.version), reverse=True)
    return schemas.Models(served=served, models=rows, problems=problems)


def _facts(dataset: Dataset, version: str) -> tuple[str | None, list[str], str]:
    """When a version was published, its parts, and what is wrong with its manifest."""
    folder = dataset.version(version)
    parts = [part for part in registry.PARTS if registry.has_part(folder, part)]
    try:
        return registry.read_manifest(folder).get("published_at"), parts, ""
    except ArtifactError as error:
        return None, parts, str(error)
