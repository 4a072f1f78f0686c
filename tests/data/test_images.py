import json

import polars as pl
import pytest

from recsys_lib.data.display import first_image_urls

BIG, SMALL = "https://shop.example/big.jpg", "http://shop.example/small.jpg"


def first(images):
    text = images if images is None or isinstance(images, str) else json.dumps(images)
    return first_image_urls(pl.Series([text], dtype=pl.String))[0]


@pytest.mark.parametrize(
    ("images", "url"),
    [
        ([{"thumb": SMALL, "hi_res": SMALL, "large": BIG}], BIG),
        ([{"thumb": SMALL, "hi_res": BIG, "large": None}], BIG),
        ([{"thumb": SMALL}], SMALL),
        ([{"large": None}, {"large": BIG}], BIG),
        ([BIG, SMALL], BIG),
        (["data:image/svg+xml;base64,PHN2Zy8+"], "data:image/svg+xml;base64,PHN2Zy8+"),
        (f" {BIG} ", BIG),
        ([{"src": BIG, "position": 1}], BIG),
        ({"src": SMALL}, SMALL),
        ({"hi_res": [None, SMALL], "large": [BIG], "variant": ["MAIN", "PT01"]}, BIG),
        (f"{BIG}, {SMALL}", BIG),
        (f"{BIG}|{SMALL}", BIG),
        ("https://shop.example/w_1,h_2/big.jpg", "https://shop.example/w_1,h_2/big.jpg"),
        ("//shop.example/big.jpg", BIG),
        ([{"large": "//shop.example/big.jpg"}], BIG),
        (["javascript:alert(1)", "data:text/html,x", "ftp://shop.example/x.jpg", 7], None),
        ([], None),
        ("[]", None),
        ("not json", None),
        ("7", None),
        (None, None),
    ],
)
def test_first_image_url(images, url):
    assert first(images) == url


def test_one_answer_per_product_as_strings():
    urls = first_image_urls(pl.Series([None, json.dumps([BIG]), None], dtype=pl.String))
    assert urls.to_list() == [None, BIG, None]
    assert urls.dtype == pl.String
    assert first_image_urls(pl.Series([], dtype=pl.String)).dtype == pl.String
