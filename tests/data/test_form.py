"""How text files are written, as the user says it: encoding, separator, quote, header."""

import bz2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recsys_lib.data.doctor import inspect
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.formats import first_fields
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

HEADER = "user_id,item_id,rating,title\n"
ROWS = [("u1", "i1", "5"), ("u2", "i2", "4"), ("u3", "i1", "3")]


@pytest.fixture
def shop(tmp_path):
    """Write files into a folder of data and load it."""

    def load(files, **parameters):
        folder = tmp_path / "shop"
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return load_dataset(Dataset.find(folder, tmp_path), EtlParameters(**parameters))

    return load


def pairs(loaded):
    return sorted(loaded.ratings.frame.select("user_id", "parent_asin").rows())


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp1251", "Привет мир"),
        ("shift_jis", "こんにちは"),
        ("gb18030", "你好"),
        ("utf-16", "Zoë"),
        ("utf-8", "Zoë"),
        ("latin-1", "café"),
    ],
)
def test_the_encoding_is_as_set(shop, encoding, title):
    items = f"item_id,title\ni1,{title}\ni2,Lamp\n".encode(encoding)
    rows = "".join(f"{','.join(row)},x\n" for row in ROWS)
    ratings = (HEADER + rows).encode(encoding)
    loaded = shop({"ratings.csv": ratings, "items.csv": items}, encoding=encoding)
    assert loaded.catalogue.frame["title"].to_list() == [title, "Lamp"]
    assert loaded.catalogue.rejected == []


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_line_in_another_encoding_is_rejected(shop, encoding):
    data = (HEADER + "u1,i1,5,x\nu2,i2,4,café\n").encode("cp1252")
    loaded = shop({"ratings.csv": data}, encoding=encoding, max_bad_share=0.5)
    assert pairs(loaded) == [("u1", "i1")]
    assert [(bad.line, bad.reason) for bad in loaded.ratings.rejected] == [(3, f"not {encoding}")]


@settings(max_examples=25, deadline=None)
@given(
    separator=st.sampled_from([";", "|", "tab", "\\t", "\t", "::", " || ", "¤", "~", "#*#", " "]),
    quote=st.sampled_from(["'", '"', "none", "auto"]),
    header=st.booleans(),
)
def test_separator_quote_and_header_are_as_set(tmp_path_factory, separator, quote, header):
    mark = "\t" if separator in ("tab", "\\t") else separator
    around = {"none": "", "auto": '"'}.get(quote, quote)
    lines = [HEADER.strip().split(",")] * header + [[*row, "a"] for row in ROWS]
    if around:
        lines[-1][-1] = f"a{mark}b\nc"
    text = "".join(mark.join(f"{around}{v}{around}" for v in line) + "\n" for line in lines)
    folder = tmp_path_factory.mktemp("form") / "shop"
    folder.mkdir()
    (folder / "ratings.csv").write_text(text, encoding="utf-8")
    names = {} if header else {"user_id": "1", "parent_asin": "2", "rating": "3"}
    form = {"separator": separator, "quote": quote, "header": header}
    parameters = EtlParameters(columns=names, **form)
    loaded = load_dataset(Dataset.find(folder, folder.parent), parameters)
    assert pairs(loaded) == sorted(row[:2] for row in ROWS)
    proposed = inspect(folder, parameters).parameters
    given_form = {name: value for name, value in form.items() if value != "auto"}
    assert {name: proposed[name] for name in given_form} == given_form


@pytest.mark.parametrize(
    ("data", "form", "says"),
    [
        (HEADER + "a,b,5,x\n", {"separator": ";"}, r"etl\.separator is ';'.* set it to ','"),
        (HEADER + "a,b,5,x\n", {"header": False}, r"etl\.header is False.*auto"),
        ("7,8,5\n9,8,4\n", {"header": True}, r"etl\.header is True.*1, 2, 3"),
    ],
)
def test_a_form_that_does_not_fit_is_named(shop, data, form, says):
    with pytest.raises(ParameterError, match=says):
        shop({"ratings.csv": data.encode()}, **form)


@pytest.mark.parametrize(
    ("name", "value"),
    [("encoding", "cp12512"), ("encoding", "rot13"), ("separator", ""), ("quote", "ab")],
)
def test_a_form_that_cannot_be_is_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        EtlParameters(**{name: value})


def test_another_form_is_a_full_load(shop):
    files = {"ratings.csv": (HEADER + "u1,i1,5,café\nu2,i1,4,x\n").encode("cp1252")}
    shop(files, mode="append", encoding="cp1252")
    assert shop({}, mode="append", encoding="cp1252").reading == "what is new"
    loaded = shop({}, mode="append", encoding="cp1250")
    assert loaded.reading == "everything: the rules of reading changed"


def test_the_doctor_asks_for_an_encoding_and_says_what_it_guessed(shop, tmp_path):
    text = HEADER + "".join(f"u{n},i{n},4,Привет\n" for n in range(5))
    shop({"ratings.csv": text.encode("cp1251")}, encoding="cp1251")
    assert inspect(tmp_path / "shop").parameters["encoding"] == "?"
    (tmp_path / "shop/ratings.csv").write_bytes((HEADER + "u1,i1,4,café\n").encode("cp1252"))
    assert inspect(tmp_path / "shop").parameters["encoding"] == "cp1252"


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n"])
def test_no_row_is_lost_between_line_ends_of_several_kinds(shop, end):
    lines = [f"u{n},i{n % 3},4,x\n" for n in range(30)]
    text = (HEADER + "".join(lines)).replace("\n", end, 12) + 'u99,i1,4,"a\rb"\n'
    loaded = shop({"ratings.csv": text.encode()})
    assert (len(loaded.ratings.frame), loaded.ratings.n_lines) == (31, 31)
    assert loaded.ratings.rejected == []


def test_a_table_with_types_and_commas(shop):
    data = b"user_id:token,item_id:token,rating:float\nu,a,5\nv,b,4\n"
    assert pairs(shop({"x.inter": data})) == [("u", "a"), ("v", "b")]


def test_an_object_among_the_ids_is_rejected_alone(shop):
    line = '{"user_id": "u%d", "asin": %s, "rating": 5}\n'
    lines = [line % (n, f'"b{n}"' if n else '{"x": 1}') for n in range(6)]
    loaded = shop({"reviews.jsonl": "".join(lines).encode()}, max_bad_share=0.5)
    assert (len(pairs(loaded)), len(loaded.ratings.rejected)) == (5, 1)


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(InputDataError, match="is a folder"):
        first_fields(tmp_path / "x.csv")
    with pytest.raises(InputDataError, match="no such file"):
        first_fields(tmp_path / "y.csv")
    (tmp_path / "z.csv.bz2").write_bytes(bz2.compress(b"a")[2:])
    with pytest.raises(InputDataError, match="not readable as bzip2"):
        first_fields(tmp_path / "z.csv.bz2")
