import html
import json
import string

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.search.text import check_texts, clean, product_texts

words = st.lists(st.text(string.ascii_letters + string.digits, min_size=1), min_size=1)


def one(**values):
    frame = pl.DataFrame({name: [value] for name, value in values.items()})
    return product_texts(frame, list(values))[0]


def test_fields_are_joined_in_the_given_order():
    frame = pl.DataFrame({"store": ["Acme Inc."], "title": ["Belt"], "price": [9.5]})
    assert product_texts(frame, ["title", "store", "price"]) == ["Belt. Acme Inc. 9.5"]


def test_lists_objects_and_plain_text():
    text = one(
        title="[New] Belt",
        features=json.dumps(["Fits &amp; lasts", "", None, "fits two"]),
        description='["A <b>strong</b><br/>belt."]',
        details=json.dumps({"Brand": "Acme", "Parts": ["a", "b"], "Empty": None, "Size:": 3}),
    )
    assert text == (
        "[New] Belt. Fits & lasts. fits two. A strong belt. Brand: Acme. Parts: a, b. Size: 3"
    )


def test_a_repeated_value_appears_once():
    assert one(title="Gift Card", categories='["Gift Card", "Gift Card", "Shop"]') == (
        "Gift Card. Shop"
    )


def test_a_product_without_text_gets_an_empty_one():
    frame = pl.DataFrame(
        {"title": [None, "  ", "<br>", "Belt"], "features": ["[]", "{}", '[""]', None]}
    )
    assert product_texts(frame, ["title", "features"]) == ["", "", "", "Belt"]


def test_unknown_field_suggests_the_right_one():
    with pytest.raises(ParameterError, match=r"'titel'.*did you mean 'title'"):
        product_texts(pl.DataFrame({"title": ["a"]}), ["titel"])


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("5 &lt; 6 and 7 &gt; 2", "5 < 6 and 7 > 2"),
        ("&lt;p&gt;Hi&lt;/p&gt; you", "Hi you"),
        ("a<style>p {color: red}</style>b<script>alert(1)</script >c", "a b c"),
        ("a<!-- note -->b", "a b"),
        ("half \ud83d emoji 😀", "half emoji 😀"),
        ("tab\tline\n\u00a0end ", "tab line end"),
    ],
)
def test_clean(raw, seen):
    assert clean(raw) == seen


@given(words)
def test_words_survive_any_wrapping_in_tags_and_entities(given_words):
    wrapped = "<div class='x'>" + "</b> \n<b>".join(given_words) + "<br/>"
    assert clean(wrapped) == " ".join(given_words)
    assert clean(html.escape(wrapped)) == " ".join(given_words)


@given(st.text())
def test_clean_text_is_one_line_of_single_spaces_that_can_be_stored(raw):
    text = clean(raw)
    assert text == " ".join(text.split())
    text.encode("utf-8")


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"))))
def test_one_text_per_product(titles):
    frame = pl.DataFrame({"title": pl.Series(titles, dtype=pl.String)})
    assert len(product_texts(frame, ["title"])) == len(titles)


def test_texts_that_are_all_blank_are_an_error_with_the_file_the_fields_and_the_remedy():
    says = (
        r"^/data/shop/products\.csv: none of the 2 products has any text in title, features: .*"
        r"fill them, give their names \(etl\.product_columns\), or .*\(embed\.fields\)"
    )
    with pytest.raises(InputDataError, match=says):
        check_texts(["", ""], ["title", "features"], ["/data/shop/products.csv"])
    check_texts(["", "a text"], ["title"], ["/data/shop/products.csv"])
