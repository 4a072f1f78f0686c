"""The end of a run for its reader: what somebody is recommended, how good that is, what next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recsys_lib.display.terminal import cut, one_line
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.runs.record import EXAMPLES
from recsys_lib.programs import recsys

Metrics = Mapping[str, float | None]

_NEWEST = 3
_K = 10
_SERVED, _POPULAR = f"served.recall@{_K}", f"popular.recall@{_K}"
_TITLES = "search.known_titles.recall@100"


def example_lines(folder: Path, counts: Metrics, width: int) -> list[str]:
    """Somebody of the run in ``folder``, and what is recommended to them; none without examples.

    Parameters
    ----------
    folder: of the run.
    counts: its metrics, for how many users there are.
    width: of the terminal; longer titles are cut.
    """
    try:
        examples = read_json(folder / EXAMPLES)
    except FileNotFoundError:
        return []
    for person in examples["people"][:1]:
        return [cut(line, width) for line in _person(person, counts)]
    for search in examples["searches"][:1]:
        return [cut(line, width) for line in _search(search)]
    return []


def quality_line(metrics: Metrics) -> str:
    """How much is found, in a sentence; "" where nothing was measured."""
    found, popular = metrics.get(_SERVED), metrics.get(_POPULAR)
    if found is not None and popular is not None:
        users = metrics.get("evaluate.users")
        tested = f", {users:,.0f} users" if users else ""
        return (
            f"Of 100 held-out items, {_of_100(found)} are among the first {_K} that it recommends, "
            f"and {_of_100(popular)} among the {_K} most popular (recall@{_K}{tested})."
        )
    if (found := metrics.get(_TITLES)) is not None:
        return (
            f"Searched by words of its own title, a product is among the first 100 answers in "
            f"{_of_100(found)} of 100 cases (recall@100)."
        )
    return ""


def next_lines(folder: Path, dataset: Dataset, *, served: bool) -> list[str]:
    """Two commands to go on with."""
    try:
        examples = read_json(folder / EXAMPLES)
    except FileNotFoundError:
        return []
    options = [] if dataset.argument == "sample" else ["--dataset", dataset.name]
    options += [] if served else ["--version", folder.name]
    asked = [["recommend", person["user_id"]] for person in examples["people"][:1]]
    asked += [["search", search["query"]] for search in examples["searches"][:1]]
    first = [f"{recsys()} {shlex.join([*words, *options])}" for words in asked[:1]]
    here = project_root() == Path.cwd()
    lab = "make lab" if here else f"make -C {shlex.quote(str(project_root()))} lab"
    return [*first, f"{lab}  # the same in JupyterLab, with pictures"]


def _person(person: Mapping[str, Any], counts: Metrics) -> Iterator[str]:
    users, n_items = counts.get("etl.users"), person["n_items"]
    among = f", one of {users:,.0f} users," if users else ""
    user = one_line(person["user_id"])
    yield f"{user}{among} took {n_items:,} item{'s'[: n_items - 1]}, most recently:"
    for item in person["history"][:_NEWEST]:
        yield f"  {item['date'] or '-':<10}  {_title(item)}"
    yield f"{user} is recommended:"
    for rank, item in enumerate(person["recommendations"], start=1):
        yield f"  {rank}  {_title(item)}"
        if item.get("reason"):
            yield f"     {one_line(item['reason'])}"


def _search(search: Mapping[str, Any]) -> Iterator[str]:
    yield f"A search for {search['query']!r} finds:"
    for rank, item in enumerate(search["results"], start=1):
        yield f"  {rank}  {_title(item)}"


def _title(item: Mapping[str, Any]) -> str:
    return one_line(item["title"] or item["item_id"])


def _of_100(share: float) -> str:
    """A share as a number of hundred: "42", or "0.3" where it is less than one."""
    hundred = 100 * share
    return f"{hundred:.0f}" if hundred >= 1 or not hundred else f"{hundred:.1g}"
