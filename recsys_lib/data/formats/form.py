"""How text files are written, as far as the user says it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from recsys_lib.parameters import EtlParameters

_AUTO, _NO_QUOTE = "auto", "none"
_TABS = ("tab", "\\t")


@dataclass(frozen=True)
class TextForm:
    """What holds for all text files of a dataset; what is None shows in each file by itself.

    Parameters
    ----------
    encoding: name of a codec.
    separator: what stands between the values of a table.
    quote: the character around values that may hold separators; "" for none.
    header: whether the first line of a table names its columns.
    """

    encoding: str | None = None
    separator: str | None = None
    quote: str | None = None
    header: bool | None = None

    @classmethod
    def from_parameters(cls, parameters: EtlParameters) -> TextForm:
        """What the parameters of the etl step say."""
        given = {one.name: getattr(parameters, one.name) for one in fields(cls)}
        known = {name: value for name, value in given.items() if value != _AUTO}
        if known.get("separator") in _TABS:
            known["separator"] = "\t"
        if known.get("quote") == _NO_QUOTE:
            known["quote"] = ""
        return cls(**known)

    def given(self) -> dict[str, str | bool]:
        """The values that are given, by the names of their parameters."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}

    def __str__(self) -> str:
        """``etl.separator is ';' and etl.header is True``."""
        return " and ".join(f"etl.{name} is {value!r}" for name, value in self.given().items())


AS_FOUND = TextForm()
"""Every file shows by itself how it is written."""
