"""The panels, driven as a user does: values are set, buttons are clicked."""

from __future__ import annotations

import html
import logging
from html.parser import HTMLParser

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError
from recsys_lib.paths import project_root
from recsys_lib.widgets import (
    Explorer,
    NothingTrained,
    SearchPanel,
    SimilarItemsPanel,
    UserPanel,
    open_explorer,
    queries,
)
from recsys_lib.widgets import explorer as explorer_module
from recsys_lib.widgets.answers import SCORE_NOTE, answer_view, picture_url
from tests.support.fake_recommender import HOSTILE, FakeRecommender


@pytest.fixture
def fake():
    return FakeRecommender()


class Page(HTMLParser):
    """What a browser would make of a piece of HTML: tags with attributes, and visible text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def table(title="T", item="i", source="als", image=None, score=0.5, rank=1):
    row = ("q", item, title, score, rank, source, image)
    return pd.DataFrame([row], columns=list(Answers.ALL))


# The table


def test_table_has_rank_picture_title_id_source_and_score():
    page = Page(answer_view("Similar", table("Filter", "B01", "semantic", "https://x/p.png")).html)
    (picture,) = page.all("img")
    assert picture["src"] == "https://x/p.png"
    assert (picture["width"], picture["height"], picture["loading"]) == ("48", "48", "lazy")
    for text in ("Similar", "1", "Filter", "B01", "semantic", "0.500"):
        assert text in page.text
    (item,) = page.all("code")
    assert "user-select: all" in item["style"]


def test_that_scores_only_rank_is_said_once():
    answer = pd.concat([table(rank=1), table(rank=2)])
    assert answer_view("", answer).html.count(SCORE_NOTE) == 1


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_becomes_markup(title, item, source, heading):
    plain = Page(answer_view("h", table(image="https://x/p.png")).html)
    noisy = Page(answer_view(heading, table(title, item, source, "https://x/p.png")).html)
    assert [name for name, _ in noisy.tags] == [name for name, _ in plain.tags]
    assert [list(a) for _, a in noisy.tags] == [list(a) for _, a in plain.tags]


def test_a_hostile_picture_address_stays_inside_its_attribute():
    page = Page(answer_view("", table(image='https://x/" onerror="alert(1)')).html)
    (picture,) = page.all("img")
    assert "onerror" not in picture
    assert picture["src"] == 'https://x/" onerror="alert(1)'


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x/p.png", "", None]
)
def test_only_addresses_of_pictures_are_shown(url):
    assert picture_url(url) is None
    assert Page(answer_view("", table(image=url)).html).all("img") == []


@pytest.mark.parametrize("url", ["https://x/p.png", "HTTP://x", " data:image/png;base64,AA "])
def test_addresses_of_pictures(url):
    assert picture_url(url) == url.strip()


@pytest.mark.parametrize("missing", [None, np.nan, "  "])
def test_missing_title_and_picture(missing):
    view = answer_view("", table(title=missing, image=missing))
    assert "(no title)" in view.html
    assert view.choices == (("i", "i"),)


def test_nothing_found_says_so(fake):
    view = queries.search(fake, "nothing", 10)
    assert "Nothing was found" in view.html
    assert not view.failed


# Similar items


def test_similar_panel_starts_with_an_example(fake):
    panel = SimilarItemsPanel(fake)
    assert fake.queries == [("similar", "a", 10)]
    assert "Similar to Water filter (a)" in panel.answer.value
    assert html.escape(HOSTILE, quote=False).split("'")[0] in panel.answer.value
    assert panel.static().data == panel.answer.value


def test_static_stays_the_first_answer(fake):
    panel = SimilarItemsPanel(fake)
    first = panel.answer.value
    panel.item.value = "d"
    assert panel.answer.value != first
    assert panel.static().data == first


def test_typing_an_id_asks_and_spaces_do_not_matter(fake):
    panel = SimilarItemsPanel(fake)
    panel.item.value = "  d "
    assert fake.queries[-1] == ("similar", "d", 10)
    assert "Similar to Water hose (d)" in panel.answer.value


def test_items_are_found_by_words_of_the_title_and_picked(fake):
    panel = SimilarItemsPanel(fake)
    panel.words.value = "hose WATER"
    assert [value for _, value in panel.matches.options] == ["", "d"]
    panel.matches.value = "d"
    assert panel.item.value == "d"
    assert fake.queries[-1] == ("similar", "d", 10)


def test_words_without_a_match_say_so(fake):
    panel = SimilarItemsPanel(fake)
    panel.words.value = "umbrella"
    assert panel.matches.options == (("no title has all these words", ""),)


def test_unknown_item_is_shown_with_a_remedy_and_a_known_one_works_again(fake, caplog):
    panel = SimilarItemsPanel(fake)
    panel.item.value = "<b>x</b>"
    text = Page(panel.answer.value).text
    assert "UnknownItemError" in text
    assert "unknown item '<b>x</b>'" in text
    assert "words of its title" in text
    assert "UnknownItemError" in caplog.text
    assert panel.more.disabled
    panel.item.value = "d"
    assert "Water filter" in panel.answer.value
    assert not panel.more.disabled


def test_empty_id_asks_nothing(fake):
    panel = SimilarItemsPanel(fake)
    before = list(fake.queries)
    panel.item.value = "  "
    assert fake.queries == before
    assert "type an item id" in panel.answer.value


def test_going_on_from_a_row(fake):
    panel = SimilarItemsPanel(fake)
    assert [value for _, value in panel.results.options] == ["b", "c", "d"]
    panel.results.value = "d"
    panel.more.click()
    assert "Similar to Water hose (d)" in panel.answer.value


def test_every_pick_list_has_its_first_entry_selected(fake):
    explorer = Explorer(fake)
    assert explorer.similar.matches.value == ""
    assert explorer.user.examples.value == ""
    assert [explorer.similar.results.value, explorer.user.results.value] == ["b", "c"]
    explorer.similar.words.value = "hose"
    assert explorer.similar.matches.index == 0
    explorer.similar.item.value = "unknown"
    assert explorer.similar.results.options == (("nothing to choose from", ""),)
    explorer.similar.item.value = "b"
    assert explorer.similar.results.value == "a"


def test_going_on_without_choosing_takes_the_first_row(fake):
    explorer = Explorer(fake)
    explorer.search.more.click()
    assert fake.queries[-1] == ("similar", "b", 10)
    assert f"Similar to {HOSTILE} (b)" in Page(explorer.similar.answer.value).text


def test_number_of_rows(fake):
    panel = SimilarItemsPanel(fake)
    panel.rows.value = 1
    assert len(Page(panel.answer.value).all("img")) == 1
    panel.rows.value = 0
    assert panel.rows.value == 1, "the box does not go below one row"


# Users


def test_user_panel_hides_and_shows_what_they_have(fake):
    panel = UserPanel(fake)
    assert len(Page(panel.answer.value).all("img")) == 2
    panel.hide_owned.value = False
    assert fake.queries == [("user", "u1", 10, True), ("user", "u1", 10, False)]
    assert len(Page(panel.answer.value).all("img")) == 4
    assert "including items they already have" in panel.answer.value


def test_picking_an_example_user(fake):
    panel = UserPanel(fake)
    panel.examples.value = "u2"
    assert fake.queries[-1] == ("user", "u2", 10, True)


def test_unknown_user_is_shown_with_a_remedy(fake):
    panel = UserPanel(fake)
    panel.user.value = "U1"
    assert "unknown user &#39;U1&#39;" in panel.answer.value
    assert "upper and lower case" in panel.answer.value


def test_untrained_model_is_a_message_in_its_panel_only(fake):
    def untrained(*_args, **_options):
        raise NotTrainedError("not trained: run 'python run_pipeline.py'")

    fake.example_users = fake.recommend = untrained
    explorer = Explorer(fake)
    assert "python run_pipeline.py" in explorer.user.answer.value
    assert "Water hose" in explorer.similar.answer.value
    assert "NotTrainedError" in explorer.static().data


# Search


def test_search_by_enter_and_button_asks_once(fake):
    panel = SearchPanel(fake, "pump")
    panel.query.value = "filter"  # what Enter does
    panel.button.click()
    panel.query.value = " filter "
    assert fake.queries == [("search", "pump", 10, None), ("search", "filter", 10, None)]
    assert "Found for “filter”" in panel.answer.value


def test_search_by_meaning_or_by_words(fake):
    panel = SearchPanel(fake, "pump")
    panel.mode.value = "lexical"
    panel.mode.value = "lexical"
    panel.mode.value = ""
    modes = [query[3] for query in fake.queries]
    assert modes == [None, "lexical", None]


def test_search_box_waits_for_enter(fake):
    assert SearchPanel(fake, "pump").query.continuous_update is False


def test_first_search_comes_from_the_catalogue(fake):
    assert SearchPanel(fake).query.value == "Water filter"


def test_empty_search_says_what_to_do(fake):
    panel = SearchPanel(fake, "pump")
    panel.query.value = ""
    assert "type what you are looking for" in panel.answer.value


def test_any_error_is_shown_logged_and_can_be_tried_again(fake, caplog):
    panel = SearchPanel(fake, "pump")
    with caplog.at_level(logging.ERROR):
        panel.query.value = "broken"
    text = Page(panel.answer.value).text
    assert "RuntimeError" in text
    assert "index <b>lost</b>" in text
    assert caplog.records[-1].exc_info is not None
    panel.button.click()
    assert fake.queries.count(("search", "broken", 10, None)) == 2


# Explorer


def test_explorer_joins_the_panels_and_says_what_is_explored(fake):
    explorer = Explorer(fake)
    assert explorer.tabs.titles == ("Similar items", "For a user", "Search")
    assert "12,345 ratings of 2 users" in explorer.status.value
    assert "Search: not trained" in explorer.status.value


@pytest.mark.parametrize("name", ["user", "search"])
def test_going_on_from_another_tab_leads_to_similar_items(fake, name):
    explorer = Explorer(fake)
    explorer.tabs.selected_index = 2
    panel = getattr(explorer, name)
    panel.results.value = "d"
    panel.more.click()
    assert explorer.tabs.selected_index == 0
    assert "Similar to Water hose (d)" in explorer.similar.answer.value


def test_constructors_display_nothing(fake, capsys):
    Explorer(fake)
    assert capsys.readouterr().out == ""


def test_static_explorer_has_every_answer(fake):
    explorer = Explorer(fake)
    page = Page(explorer.static().data)
    assert "Similar to Water filter" in page.text
    assert "For user u1" in page.text
    assert "Found for" in page.text


def test_nothing_trained_is_a_message_that_says_what_to_run(workspace):
    explorer = open_explorer("sample")
    assert isinstance(explorer, NothingTrained)
    assert "python run_pipeline.py --set dataset=sample" in Page(explorer.static().data).text


def test_other_errors_of_opening_are_not_swallowed(monkeypatch):
    class Broken:
        @staticmethod
        def load(*_args, **_options):
            raise RuntimeError("disk on fire")

    monkeypatch.setattr(explorer_module, "Recommender", Broken)
    with pytest.raises(RuntimeError, match="disk on fire"):
        open_explorer("sample")


def test_a_version_is_opened_by_its_name(fake, monkeypatch, workspace):
    paths = []

    class Opened:
        @staticmethod
        def load(path=None, *, dataset):
            paths.append((path, dataset))
            return fake

    monkeypatch.setattr(explorer_module, "Recommender", Opened)
    open_explorer("shop")
    open_explorer("shop", "v7")
    assert paths == [(None, "shop"), (workspace / "models" / "shop" / "v7", "shop")]


@pytest.mark.slow
def test_notebook_runs_headless_and_says_what_to_run_when_nothing_is_trained(workspace):
    import papermill

    done = workspace / "explorer.ipynb"
    source = project_root() / "notebooks" / "explorer.ipynb"
    papermill.execute_notebook(str(source), str(done), {"dataset": "sample"}, progress_bar=False)
    text = str(nbformat.read(done, as_version=4).cells[-1].outputs)
    assert "NotTrainedError" in text
    assert "run_pipeline.py" in text
