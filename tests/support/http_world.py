"""A workspace with versions whose answers are known, for tests of the HTTP service."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError, QueryError, UnknownItemError, UnknownUserError
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
from recsys_lib.registry import champion
from recsys_lib.serving.http import service as service_module
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.http.training import TrainingJobs, pipeline_command

METRICS = {"als.recall@10": 0.25, "popular.recall@10": 0.1, "search.n_products": 3}
FOREVER = "import time; time.sleep(600)"


class Fake:
    """The facade over three items; the title of the first is the version, so tests can tell."""

    rules = None

    def __init__(self, version, als=True, product_search=True, score=0.9):
        self.version, self.score = version, score
        parameters = SimpleNamespace(parameters={"factors": 8})
        self.als = SimpleNamespace(users="uv", items="abc", part=parameters) if als else None
        search = SimpleNamespace(items="abc", dimension=4, ready="full")
        self.product_search = search if product_search else None

    def prepare(self):
        """There is nothing to make cheaper."""

    def answer(self, query, n, ids=("a", "b", "c")):
        titles, images = [self.version, None, "C"], ["https://x/a.png", None, None]
        rows = zip(ids, titles, (self.score, 0.5, 0.25), range(1, 4), images, strict=False)
        table = [(query, i, t, s, r, "als", u) for i, t, s, r, u in rows]
        return pd.DataFrame(table, columns=list(Answers.ALL)).head(n)

    def similar_items(self, item_id, n=10, by=None, **wishes):
        if by == "blend":
            raise NotTrainedError("this version has no blend: run 'python x'")
        if item_id not in tuple("abc"):
            raise UnknownItemError(item_id, "neither rated nor in the catalogue")
        return self.answer(item_id, n)

    def recommend(self, user_id, n=10, filter_already_liked=True, **wishes):
        if self.als is None:
            raise NotTrainedError("matrix factorization is not trained: run 'python x'")
        if user_id not in tuple("uv"):
            raise UnknownUserError(user_id)
        return self.answer(user_id, n, ("b", "c") if filter_already_liked else ("a", "b", "c"))

    def recommend_for_history(self, item_ids, n=10, **wishes):
        answer = self.answer(", ".join(item_ids), n)
        return answer.assign(reason=[f"because of {item_ids[-1]}"] * len(answer))

    def item(self, item_id):
        if item_id not in ("a", "a/b"):
            raise UnknownItemError(item_id)
        return {"item_id": item_id, "title": self.version, "image_url": None}

    def search(self, query, top_k=10, *, mode=None, filters=None, offset=0, **wishes):
        if self.product_search is None:
            raise NotTrainedError("the search index is not built: run 'python x'")
        if filters and filters.category:
            raise QueryError(f"no product has the category {filters.category!r}")
        answer = self.answer(query, 1 if mode == "lexical" else offset + top_k)[offset:]
        return answer.assign(far=False)


class World:
    """A workspace with versions to publish, and a server over it."""

    def __init__(self, root, monkeypatch):
        self.dataset = Dataset.find("shop", root)
        self.fakes = {}
        load = SimpleNamespace(load=lambda dataset: self.fakes[champion(dataset).name])
        monkeypatch.setattr(service_module, "Recommender", load)
        self.child = FOREVER
        self.commands = []
        self.jobs = TrainingJobs(self.dataset, self._command)
        self.service = Service(self.dataset, self.jobs)

    def publish(self, version, *, parameters=None, **options):
        self.fakes[version] = Fake(version, **options)
        manifest = {"metrics": METRICS, "parameters": parameters or {}}
        write_json(self.dataset.version(version) / "manifest.json", manifest)
        write_json(self.dataset.models / "champion.json", {"version": version})

    def _command(self, *arguments, **options):
        """Run ``child`` in place of the pipeline, and remember what was asked for."""
        self.commands.append(pipeline_command(*arguments, **options))
        return [sys.executable, "-c", self.child]
