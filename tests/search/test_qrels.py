import polars as pl
import pytest

from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.search.quality import read_qrels

ITEMS = IdMap(["a", "b", "c"])
TABLE = "query,item_id,rating\ncup,a,3\ncup,b,0\nfork,c,1\ncup,gone,2\nspoon,a,0\n"


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_grades_by_row(tmp_path):
    qrels = read_qrels(written(tmp_path / "j.csv", TABLE), {}, ITEMS)
    assert qrels.queries == ["cup", "fork", "spoon"]
    cup = qrels.grades[0]
    assert (cup[0], cup[1], qrels.grades[1]) == (3, 0, {2: 1})
    assert sorted(grade for row, grade in cup.items() if row < 0) == [2]
    assert (qrels.n_answerable, qrels.n_unknown) == (2, 1)
    assert qrels.facts()["judgments"] == 5


def test_other_formats_and_names(tmp_path):
    frame = pl.read_csv(TABLE.encode()).rename({"item_id": "docid", "rating": "label"})
    frame.write_parquet(tmp_path / "j.parquet")
    frame.write_csv(tmp_path / "j.tsv", separator="\t")
    plain = read_qrels(written(tmp_path / "j.csv", TABLE), {}, ITEMS)
    for name in ("j.parquet", "j.tsv"):
        assert read_qrels(tmp_path / name, {}, ITEMS).grades == plain.grades
    named = read_qrels(tmp_path / "j.tsv", {"item_id": "docid", "rating": "label"}, ITEMS)
    assert named.grades == plain.grades


def test_windows_lines_and_odd_bytes_in_other_columns(tmp_path):
    raw = b'query,item_id,rating,note\r\ncup,a,3,caf\xe9\r\n"cup, blue",b,2,"two\r\nlines"\r\n'
    qrels = read_qrels(written(tmp_path / "j.csv", raw), {}, ITEMS)
    assert qrels.queries == ["cup", "cup, blue"]


def test_of_several_judges_the_best_counts(tmp_path):
    text = "query,item_id,rating\ncup,a,1\ncup,a,3\ncup,a,2\n"
    assert read_qrels(written(tmp_path / "j.csv", text), {}, ITEMS).grades == [{0: 3}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "query,item_id,rating\ncup,a,good\n",
            "field 'rating': not a number from 0 to 30 in",
        ),
        ("query,item_id,rating\ncup,a,3\ncup,b,-1\n", "not a number from 0 to 30 in record 2"),
        ("query,item_id,rating\n ,a,1\n", "field 'query': blank or not UTF-8 in record 1"),
        (b"query,item_id,rating\nca\xe9,a,1\n", "blank or not UTF-8 in record 1"),
        ("query,item_id,rating\n", "the file holds no judgments"),
        ("query,item_id,rating\ncup,a,0\n", "no rating is above 0"),
        ("query,sku,rating\ncup,a,1\n", r"judgment_columns to \{item_id: NAME\}"),
    ],
)
def test_bad_files_are_named(tmp_path, text, problem):
    path = written(tmp_path / "j.csv", text)
    with pytest.raises(InputDataError, match=problem) as caught:
        read_qrels(path, {}, ITEMS)
    assert str(path) in str(caught.value)


def test_missing_file_and_unknown_column(tmp_path):
    with pytest.raises(InputDataError, match=r"no such file: judgments"):
        read_qrels(tmp_path / "none.csv", {}, ITEMS)
    with pytest.raises(ParameterError, match="there is no 'grade'"):
        read_qrels(written(tmp_path / "j.csv", TABLE), {"grade": "x"}, ITEMS)
