from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from Stemmer import Stemmer

from recsys_lib.errors import ParameterError
from recsys_lib.search._words import Tokenizer, code, plain

ENGLISH = Tokenizer("english")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Water Filters", ["water", "filter"]),
        ("8-inch", ["8", "inch"]),
        ("8inch", ["8", "inch"]),
        ('8" pan', ["8", "inch", "pan"]),
        ("8″", ["8", "inch"]),
        ("WP-2187172", ["wp", "2187172", "wp2187172"]),
        ("WP2187172", ["wp2187172"]),
        ("TN-2110/XL", ["tn", "2110", "xl", "tn2110xl"]),
        ("Crème brûlée", ["creme", "brule"]),
        ("1.5 l", ["1.5", "l"]),
        ("4GB", ["4", "gb"]),
        ("1/2 inch", ["0.5", "inch"]),
        ('½"', ["0.5", "inch"]),
        ("12 inch", ["12", "inch"]),
        ("1 1/2 in.", ["1.5", "inch"]),
        ("1½ inches", ["1.5", "inch"]),
        ("1-1/2", ["1.5"]),
        (".5 oz", ["0.5", "oz"]),
        ("1,000 W", ["1000", "w"]),
        ("1000 watts", ["1000", "w"]),
        ("3.0", ["3"]),
        ("sizes 2, 3 and 10,5", ["size", "2", "3", "and", "10", "5"]),
        ("3-pack", ["3", "pack", "3pack"]),
        ("1\u20442 inch", ["0.5", "inch"]),
        ("¼-20 bolt", ["0.25", "20", "bolt"]),
        ("6'2\"", ["6", "ft", "2", "inch"]),
        ("5\u2032 hose of the 1990's", ["5", "ft", "hose", "of", "the", "1990", "s", "1990s"]),
        ("2 in 1", ["2in1"]),
        ("2-in-1", ["2in1"]),
        ("2 in 14 days", ["2", "inch", "14", "day"]),
        ("12x18", ["12", "x", "18", "12x18"]),
        ("12 \u00d7 18 cm", ["12", "x", "18", "cm", "12x18"]),
        ('12"x18"', ["12", "inch", "x", "18", "inch"]),
        ("Xbox One X 4", ["xbox", "one", "x", "4"]),
        ("24/7", ["24", "7", "247"]),
        ("12V/5A", ["12", "v", "5a", "5", "a"]),
        ("version 1.2.3", ["version", "1", "2", "3", "123"]),
        ("Smørrebrød Łódź Straße Ægir", ["smorrebrod", "lodz", "strass", "aegir"]),
        ("?! ... -- '", []),
        ("😀", []),
        ("洗衣机", ["洗衣机", "洗衣", "衣机"]),
        ("冷凍 FZN-1", ["冷凍", "fzn", "1", "fzn1"]),
        ("Ёлка", ["елка"]),
    ],
)
def test_words(text, words):
    assert ENGLISH.words(text) == words


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        *[("8 inch", "8-inch"), ("8inch", "8 inch"), ('8"', "8-inch"), ("wp2187172", "WP-2187172")],
        *[("half 0.5", "1/2"), ("1.50", "1 1/2"), ("2.5 lbs", "2½-pound"), ("strasse", "Straße")],
    ],
)
def test_every_way_to_write_it_shares_a_word(asked, said):
    assert set(ENGLISH.words(asked)) & set(ENGLISH.words(said))


def test_different_measures_share_no_number():
    written = ["1/2 inch", "12 inch", "1 1/2 inch", "1.2 inch", "2 inch", "1,200 inch"]
    numbers = [ENGLISH.words(text)[0] for text in written]
    assert len(set(numbers)) == len(written)
    assert all(
        ENGLISH.words(text) == [number, "inch"]
        for text, number in zip(written, numbers, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,5 Liter", ["1.5", "l"]),
        ("1.5 l", ["1.5", "l"]),
        ("1.000 Watt", ["1000", "w"]),
        ("12.500,50 g", ["12500.5", "g"]),
        ("24 Zoll", ["24", "inch"]),
        ("2,3,4", ["2", "3", "4"]),
        ("8,9.", ["8.9"]),
    ],
)
def test_where_a_comma_is_the_decimal_mark(text, words):
    assert Tokenizer("german").words(text) == words


def test_other_languages_and_none():
    assert Tokenizer("german").words("Waschmaschinen") == ["waschmaschin"]
    assert Tokenizer("none").words("filters") == ["filters"]
    with pytest.raises(ParameterError, match=r"'englsh' has no stemmer: did you mean 'english'"):
        Tokenizer("englsh")


@pytest.mark.parametrize("written", ["wp-2187172", "WP 2187172", " wp2187172 ", "Wp.2187172"])
def test_code_is_the_same_however_written(written):
    assert code(written) == "WP2187172"


@settings(deadline=None)
@example('²"')
@example("8\u2033")
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_has_words_that_can_be_stored(text):
    for word in ENGLISH.words(text):
        assert word
        word.encode()
    assert plain(plain(text)) == plain(text)


def test_each_thread_has_its_own_stemmer(monkeypatch):
    """PyStemmer's objects keep state while they stem: two threads must never share one."""
    used: dict[int, set[int]] = {}

    class Watched:
        def __init__(self, language):
            self.stemmer = Stemmer(language)

        def stemWord(self, word):  # noqa: N802  # the name in PyStemmer
            used.setdefault(id(self), set()).add(get_ident())
            return self.stemmer.stemWord(word)

    monkeypatch.setattr("Stemmer.Stemmer", Watched)
    tokenizer, start = Tokenizer("english"), Barrier(4)

    def stems(number):
        start.wait()
        return [tokenizer.words(f"filters{number} belts{n}x") for n in range(50)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(stems, range(4)))
    assert found == [stems_alone(number) for number in range(4)]
    assert len(used) == 4
    assert all(len(threads) == 1 for threads in used.values())


def stems_alone(number):
    return [ENGLISH.words(f"filters{number} belts{n}x") for n in range(50)]
