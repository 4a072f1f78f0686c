"""Look at unknown files before they are loaded: what each is, what its columns mean, a plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._file_facts import FileFacts, facts_of
from recsys_lib.data._finder import NO_FILES
from recsys_lib.data._form_checks import guessed_form
from recsys_lib.data._intake import schema_of
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.products import clean_products
from recsys_lib.data.cleaning.ratings import RatingRules
from recsys_lib.data.file_sets import file_sets, glob_of
from recsys_lib.data.formats import TextForm, first_records
from recsys_lib.data.formats.records import Rejected, count_reasons
from recsys_lib.data.input_files import find_input_files, guess_tables
from recsys_lib.data.inputs import InputFiles, Meaning
from recsys_lib.errors import ParameterError, RecsysError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

__all__ = ["UNKNOWN", "FileFacts", "Finding", "inspect"]

UNKNOWN = "?"
_ROWS = 5
_SHOWN_PRODUCT = (Products.ITEM, Products.TITLE, Products.STORE, Products.PRICE)
_DAY_OR_MONTH = "cannot be told apart"


@dataclass(frozen=True)
class Finding:
    """What :func:`inspect` found out about a folder.

    Parameters
    ----------
    folder: the folder that was looked at.
    files: what is known of each file, read or not.
    inputs: what a run would read; None when it would stop.
    error: why it would stop.
    parameters: what belongs under ``etl:`` in the file for ``--config``; "?" where nothing tells.
    ratings, products: the first rows as they would be loaded.
    rejected: the first lines that would be rejected.
    unit: unit of times that are numbers.
    problems: sentences about what to look at.
    """

    folder: Path
    files: list[FileFacts]
    inputs: InputFiles | None = None
    error: RecsysError | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    ratings: pl.DataFrame = field(default_factory=pl.DataFrame)
    products: pl.DataFrame = field(default_factory=pl.DataFrame)
    rejected: list[Rejected] = field(default_factory=list)
    unit: str = "none"
    problems: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the configuration can be run as it is."""
        return self.error is None and UNKNOWN not in str(self.configuration())

    def configuration(self) -> str:
        """The YAML that loads these files, with ? for what cannot be told."""
        values = {"dataset": str(self.folder), "etl": self.parameters}
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=math.inf)


def inspect(path: Path, parameters: EtlParameters | None = None) -> Finding:
    r"""Look at the files in a folder without loading them, in the way in which a run does.

    Whatever a run would stop at becomes a part of the answer.

    Parameters
    ----------
    path
        A folder, or one review file.
    parameters
        Parameters of the etl step to start from.

    Returns
    -------
    Finding
        Facts about each file, field names, first rows, problems, and a configuration.

    Raises
    ------
    ParameterError
        There is no such file or folder.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> orders = Path(mkdtemp()) / "orders.csv"
    >>> _ = orders.write_text("customer,sku,ordered_at\nann,tea,2024-05-01\n")
    >>> finding = inspect(orders)
    >>> finding.parameters["columns"]
    {'user_id': 'customer', 'parent_asin': 'sku', 'timestamp': 'ordered_at'}
    >>> finding.ratings.row(0)[:2]
    ('ann', 'tea')
    """
    if not path.exists():
        raise ParameterError(f"there is no file or folder {path}: check the path")
    parameters = parameters or EtlParameters.model_validate({})
    folder = (path.parent if path.is_file() else path).resolve()
    if path.is_file():
        parameters = parameters.model_copy(update={"reviews": path.name})
    dataset = Dataset.find(folder)
    try:
        inputs = find_input_files(dataset, parameters)
    except RecsysError as error:
        return _stopped(dataset, parameters, error)
    return _looked_at(folder, inputs, parameters)


def _stopped(dataset: Dataset, parameters: EtlParameters, error: RecsysError) -> Finding:
    """What can be said when a run would stop: everything but the rows."""
    reviews, products, in_reviews, in_products = guess_tables(dataset, parameters)
    columns = dict.fromkeys((Ratings.USER, Ratings.ITEM), "")
    proposed = _columns(in_reviews)
    proposed |= {ours: UNKNOWN for ours in columns if ours not in proposed}
    values = parameters.model_dump(exclude_defaults=True)
    values["reviews"] = glob_of(dataset.raw, reviews) or (NO_FILES if products else UNKNOWN)
    values |= {"products": glob_of(dataset.raw, products) or NO_FILES, "columns": proposed}
    if products:
        named = _columns(in_products)
        values["product_columns"] = {Products.ITEM: UNKNOWN} | named
    form = TextForm.from_parameters(parameters)
    values |= guessed_form([*reviews, *products], form)
    files = _facts(dataset.raw, reviews, products, in_reviews, in_products, form)
    return Finding(
        dataset.raw,
        files,
        error=error,
        parameters=values,
        problems=[str(error), *_open(in_reviews), *_open(in_products)],
    )


def _looked_at(folder: Path, inputs: InputFiles, parameters: EtlParameters) -> Finding:
    values = _proposal(folder, inputs, parameters)
    rules, problems = RatingRules(inputs, Wishes.from_parameters(parameters)), inputs.sayings()
    ratings, rejected = pl.DataFrame(), []
    error: RecsysError | None = None
    products = pl.DataFrame()
    try:
        if inputs.reviews:
            schema = schema_of(inputs.review_fields)
            clean = rules.apply(
                first_records(inputs.reviews[0], schema, inputs.form, apart=True), 0
            )
            ratings, rejected = clean.rows.head(_ROWS), clean.rejected
        products = _first_products(inputs)
    except RecsysError as caught:
        error = caught
        problems.append(str(caught))
    for reason, n in count_reasons(rejected).items():
        problems.append(f"{n:,} of the first lines would be rejected: {reason}")
        if _DAY_OR_MONTH in reason:
            values["timestamp_format"] = UNKNOWN
    return Finding(
        folder,
        _facts(
            folder,
            inputs.reviews,
            inputs.products,
            inputs.review_meaning,
            inputs.product_meaning,
            inputs.form,
        ),
        inputs,
        error,
        values,
        ratings,
        products,
        rejected[:_ROWS],
        rules.unit,
        problems,
    )


def _proposal(folder: Path, inputs: InputFiles, parameters: EtlParameters) -> dict[str, Any]:
    """All parameters that reading these files takes, what was set included."""
    values = parameters.model_dump(exclude_defaults=True)
    values["source"] = inputs.layout
    values |= guessed_form([*inputs.reviews, *inputs.products], inputs.form)
    for name, files in (("reviews", inputs.reviews), ("products", inputs.products)):
        if files and not (pattern := glob_of(folder, files)):
            continue  # no pattern fits these alone, but they are found without one
        values[name] = pattern if files else NO_FILES
    if inputs.reviews:
        values["columns"] = _columns(inputs.review_meaning) | parameters.columns
    if inputs.products:
        named = _columns(inputs.product_meaning)
        values["product_columns"] = named | parameters.product_columns
    return values


def _columns(meaning: Meaning) -> dict[str, Any]:
    """Our columns and their names; a list where there are several."""
    found = {ours: list(names) for ours, names in meaning.fields.items() if names}
    found |= {ours: [UNKNOWN] for ours in meaning.open if ours not in found}
    return {ours: names[0] if len(names) == 1 else names for ours, names in found.items()}


def _open(meaning: Meaning) -> list[str]:
    return [f"{ours} may be {' or '.join(names)}" for ours, names in meaning.open.items()]


def _facts(
    folder: Path,
    reviews: Sequence[Path],
    products: Sequence[Path],
    in_reviews: Meaning,
    in_products: Meaning,
    form: TextForm,
) -> list[FileFacts]:
    """Facts about all files of the folder, those that are read first."""
    roles: dict[Path, tuple[str, Mapping[str, tuple[str, ...]]]] = {}
    roles |= dict.fromkeys(reviews, ("reviews", in_reviews.fields))
    roles |= dict.fromkeys(products, ("products", in_products.fields))
    others = [one.first for one in file_sets(folder) if not set(one.files) & set(roles)]
    roles |= {path: ("not read", {}) for path in others}
    return [facts_of(path, role, fields, form) for path, (role, fields) in roles.items()]


def _first_products(inputs: InputFiles) -> pl.DataFrame:
    if not inputs.products:
        return pl.DataFrame()
    first = first_records(inputs.products[0], schema_of(inputs.product_fields), inputs.form)
    return clean_products(first, inputs, 0).frame.head(_ROWS).select(_SHOWN_PRODUCT)
