"""Numbers as people and programs write them: 1,234.5 and 1.234,5, and yes and no."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.cleaning.notation import COMMA, POINT, Evidence

_TRUE = ("true", "t", "yes", "y", "1", "on", "ja", "oui", "wahr", "verified")
_FALSE = ("false", "f", "no", "n", "0", "off", "nein", "non", "falsch", "unverified")
# A number that can be read in one way only.
_COMMA_ONLY = r"^\d*,\d{1,2}$|^\d*,\d{4,}$|^\d{1,3}(\.\d{3})+,\d+$"
_POINT_ONLY = r"^\d*\.\d{1,2}$|^\d*\.\d{4,}$|^\d{1,3}(,\d{2,3})+\.\d+$"
_THOUSANDS_WITH_COMMAS = r"^[1-9]\d{0,2}(,\d{2,3})*,\d{3}(\.\d+)?$"  # 1,00,000 in India
_THOUSANDS_WITH_POINTS = r"^[1-9]\d{0,2}(\.\d{3})+(,\d+)?$"
_ONE_COMMA, _ONE_POINT = r"^\d*,\d+$", r"^\d*\.\d+$|^\d+$"
# In which order they are tried, by the decimal mark of the file.
_FORMS = {
    ",": (_ONE_COMMA, _THOUSANDS_WITH_POINTS, _THOUSANDS_WITH_COMMAS, _ONE_POINT),
    ".": (_ONE_POINT, _THOUSANDS_WITH_COMMAS, _THOUSANDS_WITH_POINTS, _ONE_COMMA),
    "": (_THOUSANDS_WITH_COMMAS, _THOUSANDS_WITH_POINTS, _ONE_POINT, _ONE_COMMA),
}
_THREE_AFTER_POINT = r"^[1-9]\d{0,2}\.\d{3}$"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, read as far as it can be without knowing the notation of its file.

    Parameters
    ----------
    values: the column, text or numbers.
    floats: what programs take for numbers, as float64; null for all else.
    places, rest: positions of the values that are left to read, and these without outer blanks.
    """

    values: pl.Series
    floats: pl.Series
    places: pl.Series
    rest: pl.Series

    @classmethod
    def read(cls, values: pl.Series) -> Numbers:
        """Read what can be read at once, which is all of it in most files."""
        floats = values.cast(pl.Float64, strict=False)
        if floats.null_count() > values.null_count():
            places = (floats.is_null() & values.is_not_null()).arg_true()
            rest = present(values.gather(places))
        else:
            places, rest = pl.Series(dtype=pl.UInt32), pl.Series(dtype=pl.String)
        return cls(values, floats.fill_nan(None), places, rest)

    def evidence(self) -> Evidence:
        """How many values can be read with a decimal comma only, and with a point only."""
        return decimal_evidence(self.rest) if len(self.rest) else Evidence()

    def resolve(self, decimal: str = "") -> pl.Series:
        """The numbers as float64, null for what is missing or no number."""
        numbers = self.floats
        if len(self.rest):
            numbers = numbers.clone().scatter(self.places, with_marks(self.rest, decimal))
        return _thousands(self.values, numbers) if decimal == "," else numbers


def with_marks(texts: pl.Series, decimal: str = "") -> pl.Series:
    """Digits with points and commas as float64; null for other texts.

    What reads in one way only is read so. Of 1,234 and 1.234 the mark is the decimal one if
    ``decimal`` says so, otherwise it separates thousands.
    """
    text = pl.col("t")
    no_commas = text.str.replace_all(",", "", literal=True)
    no_points = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    values = {_ONE_POINT: text, _ONE_COMMA: no_points}
    values |= {_THOUSANDS_WITH_COMMAS: no_commas, _THOUSANDS_WITH_POINTS: no_points}
    forms = ((form, values[form]) for form in _FORMS[decimal])
    read = pl.coalesce(pl.when(text.str.contains(form)).then(value) for form, value in forms)
    return texts.to_frame("t").select(read.cast(pl.Float64, strict=False)).to_series()


def decimal_evidence(texts: pl.Series) -> Evidence:
    """How many texts can be read with a decimal comma only, and with a decimal point only."""
    facts = texts.to_frame("t").select(
        pl.col("t").str.contains(_COMMA_ONLY).sum().alias(COMMA),
        pl.col("t").str.contains(_POINT_ONLY).sum().alias(POINT),
    )
    return Evidence({name: int(n) for name, n in facts.row(0, named=True).items() if n})


def read_counts(values: pl.Series) -> pl.Series:
    """Whole numbers as int64; null for what is missing or no whole number."""
    if values.dtype == pl.Int64:
        return values
    whole = values.cast(pl.Int64, strict=False)
    if whole.null_count() == values.null_count():
        return whole
    numbers = Numbers.read(values).resolve(".")
    exact = (numbers == numbers.floor()) & numbers.is_finite()
    return numbers.set(~exact.fill_null(False), None).cast(pl.Int64, strict=False)


def read_flags(values: pl.Series) -> pl.Series:
    """1 for yes and 0 for no, in the words of several programs, as int8; null for all else."""
    if values.dtype != pl.String:
        return values.cast(pl.Int8)
    if values.is_in(["true", "false"]).all():
        return (values == "true").cast(pl.Int8)
    words = values.str.strip_chars().str.to_lowercase().str.replace(r"^([01])\.0+$", "$1")
    yes, no = words.is_in(_TRUE), words.is_in(_FALSE)
    return yes.cast(pl.Int8).set(~(yes | no).fill_null(True), None)


def _thousands(values: pl.Series, numbers: pl.Series) -> pl.Series:
    """In a file with decimal commas, 1.299 is more than a thousand, though programs read it."""
    if values.dtype != pl.String:
        return numbers
    dotted = values.str.contains(_THREE_AFTER_POINT).fill_null(False)
    return numbers.zip_with(~dotted, numbers * 1000) if dotted.any() else numbers
