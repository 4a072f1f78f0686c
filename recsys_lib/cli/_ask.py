"""``recsys recommend``, ``similar`` and ``search``: questions to a version of the models."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from recsys_lib.cli._names import find_dataset, find_version
from recsys_lib.errors import EXIT_OK, NotTrainedError, UnknownItemError, UnknownUserError
from recsys_lib.imports import ONE_THREAD, without_collection
from recsys_lib.paths import SAMPLE, SUMMARY_FILE

if TYPE_CHECKING:
    import pandas as pd

    from recsys_lib import Recommender

FILTERS = (
    "category",
    "brand",
    "store",
    "min_price",
    "max_price",
    "min_rating",
    "with_reviews",
    "in_stock",
)
_HISTORY = 3
_NO_RATINGS = (
    "dataset {dataset!r} has no ratings, so nothing is known of users: "
    "'recsys search WORDS --dataset {dataset}' and 'recsys similar ITEM --dataset {dataset}' "
    "answer from the catalogue"
)
_NO_PRODUCTS = (
    "dataset {dataset!r} has no products, so there are no texts to search: "
    "'recsys recommend USER --dataset {dataset}' and 'recsys similar ITEM --dataset {dataset}' "
    "answer from the ratings"
)


@without_collection()
def recommend(options: Namespace) -> int:
    """Print what is recommended to a user, and why."""
    from recsys_lib.cli import _answers
    from recsys_lib.cli._near import near_item, near_user

    recommender = open_version(options, rules=not options.no_rules)
    if recommender.als is None:
        _refuse_without(recommender, "interactions", _NO_RATINGS)
    wishes = {**_wishes(options), "repeats": options.repeats}
    try:
        if options.explain is not None:
            why = recommender.why_not(options.user, options.explain, options.top_k, **wishes)
            _answers.print_explanation(why, as_json=options.json)
            return EXIT_OK
        answer = recommender.recommend(options.user, options.top_k, **wishes)
    except UnknownUserError as error:
        raise near_user(recommender, error) from error
    except UnknownItemError as error:
        raise near_item(recommender, error) from error
    from recsys_lib.serving.examples import history

    taken = history(recommender, options.user, _HISTORY)
    if options.json:
        _print_json(recommender, "recommendations", answer, user_id=options.user, **taken)
        return EXIT_OK
    _answers.print_history(options.user, taken)
    _answers.print_answer(answer, nothing="No item passes these conditions.")
    return EXIT_OK


@without_collection()
def similar(options: Namespace) -> int:
    """Print what is like an item."""
    from recsys_lib.cli import _answers
    from recsys_lib.cli._near import near_item

    recommender = open_version(options, rules=not options.no_rules)
    try:
        item = recommender.item(options.item)
        answer = recommender.similar_items(
            options.item, options.top_k, options.by, **_wishes(options)
        )
    except UnknownItemError as error:
        raise near_item(recommender, error) from error
    if options.json:
        _print_json(recommender, "similar", answer, item=item)
        return EXIT_OK
    _answers.print_similar(item, answer, options.by or recommender.similar_by)
    return EXIT_OK


@without_collection()
def search(options: Namespace) -> int:
    """Print what answers a query."""
    from recsys_lib.cli import _answers

    query = " ".join(options.words)
    recommender = open_version(options, rules=not options.no_rules)
    if recommender.product_search is None:
        _refuse_without(recommender, "products", _NO_PRODUCTS)
    answer = recommender.search(query, options.top_k, mode=options.mode, **_wishes(options))
    if options.json:
        _print_json(recommender, "results", answer, query=query)
        return EXIT_OK
    _answers.print_answer(answer, nothing="Nothing is found.")
    return EXIT_OK


def count(text: str) -> int:
    """A number of rows, from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def open_version(options: Namespace, *, rules: bool) -> Recommender:
    """The version that is meant, by default the champion; its lists keep the ``rules`` or not."""
    if "numpy" not in sys.modules:
        os.environ.setdefault(*ONE_THREAD)
    from recsys_lib.registry import published_versions, require_champion

    if options.version:
        dataset, version = find_version(options.version, options.dataset, published_versions)
        folder = dataset.version(version)
    else:
        dataset = find_dataset(options.dataset or SAMPLE)
        dataset.require()
        folder = require_champion(dataset)  # before anything large is imported
    from recsys_lib import Recommender

    return Recommender.load(folder, dataset=dataset, rules=rules)


def _refuse_without(recommender: Recommender, what: str, remedy: str) -> None:
    """NotTrainedError if the data have none of it: then another run would not help."""
    from recsys_lib.files import read_json

    dataset = recommender.dataset
    summary = dataset.processed / SUMMARY_FILE
    if summary.is_file() and not read_json(summary)["counts"].get(what, 0):
        raise NotTrainedError(remedy.format(dataset=dataset.name))


def _wishes(options: Namespace) -> dict[str, Any]:
    """The arguments that all three questions have."""
    named = {name: getattr(options, name) for name in FILTERS}
    filters = {name: value for name, value in named.items() if value not in (None, False)}
    return {
        "filters": filters or None,
        "exclude": options.exclude,
        "diversity": options.diversity,
    }


def _print_json(recommender: Recommender, name: str, answer: pd.DataFrame, **facts: Any) -> None:
    """Facts of the question, then the rows of the answer under ``name``."""
    from recsys_lib.cli._answers import print_json, records

    about = {"dataset": recommender.dataset.name, "version": recommender.version}
    print_json({**about, **facts, name: records(answer), **answer.attrs})
