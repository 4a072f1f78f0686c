"""Look at unknown files before they are loaded: their layout, their fields, the first rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from recsys_lib.columns import Products
from recsys_lib.data._intake import schema_of
from recsys_lib.data.cleaning.products import clean_products
from recsys_lib.data.cleaning.ratings import RatingRules
from recsys_lib.data.formats import first_fields, first_records
from recsys_lib.data.formats.records import Rejected
from recsys_lib.data.input_files import InputFiles, find_input_files, find_review_files
from recsys_lib.data.layouts import guess_columns
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

_ROWS = 5
_SHOWN_PRODUCT = (Products.ITEM, Products.TITLE, Products.STORE, Products.PRICE)


@dataclass(frozen=True)
class Finding:
    """What :func:`inspect` found out about a folder.

    Parameters
    ----------
    inputs: files and fields.
    parameters: what belongs under ``etl:`` in the file for ``--config``; {} when defaults work.
    ratings, products: the first rows as they would be loaded.
    rejected: the first lines that would be rejected.
    unit: unit of times that are numbers.
    """

    inputs: InputFiles
    parameters: dict[str, object]
    ratings: pl.DataFrame
    products: pl.DataFrame
    rejected: list[Rejected]
    unit: str

    def configuration(self, dataset: str) -> str:
        """The YAML that loads these files."""
        values: dict[str, object] = {"dataset": dataset}
        return yaml.safe_dump(values | ({"etl": self.parameters} if self.parameters else {}))

    def mapping(self) -> pl.DataFrame:
        """Our columns beside those of the files: ``column, in the file``."""
        rows = [
            (f"{table}.{ours}", " or ".join(names) or "-")
            for table, fields in (
                ("ratings", self.inputs.review_fields),
                ("products", self.inputs.product_fields if self.inputs.products else {}),
            )
            for ours, names in fields.items()
        ]
        return pl.DataFrame(rows, schema=["column", "in the file"], orient="row")


def inspect(path: Path) -> Finding:
    r"""Look at the files in a folder without loading them.

    Fields that no layout knows are guessed from their names.

    Parameters
    ----------
    path
        A folder, or one review file.

    Returns
    -------
    Finding
        Layout, field names, first rows, and the parameters that load the files.

    Raises
    ------
    InputDataError
        There is no review file, or its users or items cannot be guessed.

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
    folder = path.parent if path.is_file() else path
    dataset = Dataset.find(folder.resolve())
    parameters: dict[str, object] = {"reviews": path.name} if path.is_file() else {}
    try:
        inputs = _found(dataset, parameters)
    except InputDataError:
        files = find_review_files(dataset, EtlParameters.model_validate(parameters))
        columns = guess_columns(first_fields(files[0]))
        if columns is None:
            raise
        parameters |= {"source": "tables", "columns": columns}
        inputs = _found(dataset, parameters)
    rules = RatingRules(inputs)
    first = first_records(inputs.reviews[0], schema_of(inputs.review_fields))
    clean = rules.apply(first, 0)
    return Finding(
        inputs=inputs,
        parameters=parameters,
        ratings=clean.rows.head(_ROWS),
        products=_first_products(inputs),
        rejected=clean.rejected[:_ROWS],
        unit=rules.unit,
    )


def _first_products(inputs: InputFiles) -> pl.DataFrame:
    if not inputs.products:
        return pl.DataFrame()
    first = first_records(inputs.products[0], schema_of(inputs.product_fields))
    return clean_products(first, inputs, 0).frame.head(_ROWS).select(_SHOWN_PRODUCT)


def _found(dataset: Dataset, parameters: dict[str, object]) -> InputFiles:
    return find_input_files(dataset, EtlParameters.model_validate(parameters))
