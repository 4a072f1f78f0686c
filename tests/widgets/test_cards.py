"""What cards show, also of catalogues that mean harm."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.widgets.cards import cards, picture_url
from recsys_lib.widgets.product_facts import Facts, ProductFacts, link_url
from recsys_lib.widgets.static_page import static_list


class Page(HTMLParser):
    """What a browser would make of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data


class KnownFacts:
    """The same facts for every product."""

    def __init__(self, facts=None):
        self.facts = facts or Facts()

    def of(self, item_ids):
        return [self.facts for _ in item_ids]


def answer(title="Belt", item="i1", image=None, score=0.5, **more):
    row = {"query": "q", "item_id": item, "title": title, "score": score, "rank": 1}
    return pd.DataFrame([{**row, "source": "als", "image_url": image, **more}])


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x/p.png", "", None, 3],
)
def test_only_addresses_of_pictures_are_shown(url):
    assert picture_url(url) == ""


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT://x/%0aalert(1)", "data:text/html,x", "x", None, "//[x"],
)
def test_only_addresses_of_pages_are_links(url):
    assert link_url(url) == ""


def test_addresses_that_are_shown():
    assert picture_url(" data:image/png;base64,AA ") == "data:image/png;base64,AA"
    assert link_url(" https://shop.example/p?id=1 ") == "https://shop.example/p?id=1"


def test_a_card_says_what_is_known():
    facts = Facts(brand="Acme", price=1234.5, stars=4.26, n_ratings=1200, link="https://x.example/")
    (card,) = cards(answer(reason="popular", variants=["a", "b"]), KnownFacts(facts))
    assert (card["brand"], card["price"], card["stars"]) == ("Acme", "1,234.50", "4.3")
    assert (card["count"], card["link"], card["reason"]) == (
        "1,200",
        "https://x.example/",
        "popular",
    )
    assert card["badges"] == ["2 more variants"]


@pytest.mark.parametrize("missing", [None, np.nan, "  "])
def test_without_a_title_the_id_is_shown(missing):
    (card,) = cards(answer(missing, image=missing), KnownFacts())
    assert (card["title"], card["letter"], card["picture"]) == ("i1", "I", "")


def test_bars_compare_the_rows_of_one_list():
    two = pd.concat([answer(score=4.0), answer(score=1.0)])
    assert [card["bar"] for card in cards(two, KnownFacts())] == [1.0, 0.25]
    negative = cards(answer(score=-1.0), KnownFacts())
    assert [card["bar"] for card in negative] == [None]


def test_endless_titles_are_cut():
    (card,) = cards(answer("x" * 5000), KnownFacts())
    assert len(card["title"]) < 1000


@given(st.text(), st.text(), st.text())
@settings(max_examples=50)
def test_no_text_becomes_markup_in_saved_notebooks(title, brand, reason):
    def page(*texts):
        shown = cards(answer(texts[0], reason=texts[2]), KnownFacts(Facts(brand=texts[1])))
        return Page(static_list(shown))

    assert page(title, brand, reason).tags == page("Belt", "Acme", reason and "popular").tags


def test_pictures_of_saved_notebooks_tell_no_server_who_looks():
    tags = Page(static_list(cards(answer(image="https://x/p.png"), KnownFacts()))).tags
    (image,) = [attributes for tag, attributes in tags if tag == "img"]
    assert {"loading", "referrerpolicy"} <= set(image)


def test_spellings_and_links_are_those_of_the_catalogue(served, shop):
    item = served.items.facets.drop_nulls("brand")["id"][0]
    (facts,) = ProductFacts(served).of([item])
    assert facts.brand != facts.brand.lower()
    assert facts.stars is not None


def test_facts_without_a_database_are_those_of_the_version(evaluated):
    assert not evaluated.dataset.database.exists()
    item = evaluated.items.facets.drop_nulls("brand")["id"][0]
    (facts,) = ProductFacts(evaluated).of([item])
    assert facts.brand[0].isupper()


def test_unknown_items_have_no_facts(served):
    assert ProductFacts(served).of(["nowhere"]) == [Facts()]
