"""From the dataset parameter to input files: which files to read, and what their fields mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from recsys_lib.columns import Products
from recsys_lib.data._finder import NO_FILES, Finder, names_of
from recsys_lib.data._form_checks import blame_form, check_form
from recsys_lib.data._remote import heads_of, origins_of, telling_urls
from recsys_lib.data.formats import first_fields
from recsys_lib.data.inputs import InputFiles, Meaning
from recsys_lib.data.layouts import LAYOUTS, TABLES
from recsys_lib.data.meaning import ALL_THAT_FIT, Table, all_names, understand
from recsys_lib.errors import InputDataError, RecsysError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

T = TypeVar("T")


def find_input_files(dataset: Dataset, parameters: EtlParameters) -> InputFiles:
    r"""Find the files of a dataset and recognize their fields, from their first records only.

    Parameters
    ----------
    dataset
        Its folder ``raw`` is searched, or the parameter ``folder``.
    parameters
        ``source``, ``reviews``, ``products``, ``columns`` and ``product_columns`` are used.

    Returns
    -------
    InputFiles
        Review files, product files (may be empty), and the names of their fields.

    Raises
    ------
    InputDataError
        A file is missing or unreadable, or lacks a required field.
    ParameterError
        A column mapping names a column that does not exist, in the files or of ours; or what is
        said of the form of the text files does not fit them.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "orders.csv").write_text("customer,item_id\nann,tea\n")
    >>> parameters = EtlParameters(reviews="orders.csv", columns={"user_id": "customer"})
    >>> found = find_input_files(Dataset.find(folder), parameters)
    >>> found.layout, [path.name for path in found.reviews], found.has_ratings
    ('tables', ['orders.csv'], False)
    >>> found.review_fields["user_id"], found.review_fields["parent_asin"]
    (('customer',), ('item_id',))
    """
    origins = origins_of(dataset, parameters)
    with telling_urls(heads_of(dataset, parameters)):
        return replace(_found(dataset, parameters), origins=origins)


def _found(dataset: Dataset, parameters: EtlParameters) -> InputFiles:
    found = Finder(dataset, parameters)
    reviews, products = found.reviews(), found.products()
    if not reviews and not products:
        raise found.nothing("reviews")
    layout = found.layout(reviews)
    check_form([*reviews, *products], found.form)
    in_reviews = understand(reviews, found.review_table(layout), parameters.columns)
    in_products = understand(products, found.product_table(layout), _product_wishes(parameters))
    _require(reviews, in_reviews, found.review_table(layout))
    _require(products, in_products, found.product_table(layout))
    details = names_of(parameters.product_columns.get(Products.DETAILS, ""))
    return InputFiles(
        layout=layout.name,
        reviews=reviews,
        products=products,
        review_fields=in_reviews.fields,
        product_fields=in_products.fields,
        rating_range=layout.rating_range,
        gathers_details=any(ALL_THAT_FIT in name for name in details),
        review_meaning=in_reviews,
        product_meaning=in_products,
        notes=tuple(found.notes()),
        form=found.form,
    )


def find_review_files(dataset: Dataset, parameters: EtlParameters) -> tuple[Path, ...]:
    """The review files of a dataset; InputDataError when there are none."""
    found = Finder(dataset, parameters)
    reviews = found.reviews()
    if not reviews:
        raise found.nothing("reviews")
    return reviews


def guess_tables(
    dataset: Dataset, parameters: EtlParameters
) -> tuple[tuple[Path, ...], tuple[Path, ...], Meaning, Meaning]:
    """What can be told where a run would stop: review and product files, and their columns.

    Wishes that cannot be met are left out.
    """
    found = Finder(dataset, parameters.model_copy(update={"columns": {}, "product_columns": {}}))
    none: tuple[Path, ...] = ()
    reviews, products = _tolerated(found.reviews, none), _tolerated(found.products, none)
    if not reviews and not products and len(found.sets) == 1:
        reviews = found.sets[0].files
    layout = _tolerated(lambda: found.layout(reviews), LAYOUTS[TABLES])
    in_reviews = _tolerated(lambda: understand(reviews, found.review_table(layout), {}), Meaning())
    in_products = _tolerated(
        lambda: understand(products, found.product_table(layout), {}), Meaning()
    )
    return reviews, products, in_reviews, in_products


def _tolerated(work: Callable[[], T], otherwise: T) -> T:
    """What ``work`` returns, or something else where a run would stop; the error is known."""
    try:
        return work()
    except RecsysError:
        return otherwise


def _product_wishes(parameters: EtlParameters) -> Mapping[str, str | list[str]]:
    return {} if parameters.products == NO_FILES else parameters.product_columns


def _require(files: Sequence[Path], meaning: Meaning, table: Table) -> None:
    """Each file has all required columns."""
    for file in files:
        for ours in table.required:
            names = meaning.fields[ours]
            if set(names) & set(first_fields(file, table.form)) or set(names) & set(
                all_names(file, table.form)
            ):
                continue
            blame_form(file, table)
            there, known = ", ".join(all_names(file, table.form)), names or table.known[ours]
            choice = " or ".join(meaning.open.get(ours, ())) or "NAME"
            where = "" if choice != "NAME" else ", where NAME is its name in the file"
            raise InputDataError(
                f"missing from the first records, which have {there}: set {table.parameter} to "
                f"{{{ours}: {choice}}}{where}",
                file=file,
                field=" or ".join(known) or ours,
            )
