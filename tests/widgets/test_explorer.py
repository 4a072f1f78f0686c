"""The explorer, driven as a person does: something is typed, clicked, or chosen from a list."""

import logging

import nbformat
import pytest

from recsys_lib import Recommender
from recsys_lib.errors import ParameterError
from recsys_lib.paths import project_root
from recsys_lib.widgets import Explorer, NothingTrained, open_explorer
from recsys_lib.widgets.suggestions import Question

PANELS = ["Similar items", "For a user", "What if", "Search", "Compare", "Map", "Status"]


def turn_to(explorer, title):
    explorer.tabs.index = list(explorer.panels).index(title)
    return explorer.panel


def sent(view, **content):
    """What the browser sends; what it is answered."""
    answers = []
    view.send = lambda content, buffers=None: answers.append(content)
    view._handle_custom_msg(content, [])
    return answers


def test_it_begins_with_a_popular_product_and_all_panels(explorer, served):
    assert list(explorer.panels) == PANELS
    assert explorer.panel.question == Question("product", served.example_items(1)[0])
    assert len(explorer.panel.results) == 30
    assert explorer.box.value == ""


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_begins_with_an_answer(explorer, title):
    panel = turn_to(explorer, title)
    assert panel.message.value == ""
    assert len(panel.results)
    assert explorer.stack.selected_index == explorer.tabs.index


def test_constructors_display_nothing(served, capsys):
    Explorer(served, background=False)
    assert capsys.readouterr().out == ""


def test_suggestions_carry_the_number_of_their_question(explorer):
    answers = sent(explorer.box, kind="suggest", number=7, text="filter")
    assert [answer["kind"] for answer in answers] == ["suggestions", "done"]
    assert answers[0]["number"] == 7
    assert len(answers[0]["rows"]) == 8


def test_choosing_the_same_suggestion_twice_asks_twice(explorer):
    item = explorer.panel.results["item_id"][4]
    for _ in range(2):
        sent(explorer.box, kind="choose", what="product", id=item)
        assert explorer.panel.question == Question("product", item)
        assert explorer.box.value == explorer.panel.asked.cards[0]["title"]
        explorer.open_product(explorer.panel.results["item_id"][0])


def test_the_box_shows_what_the_panel_in_front_was_asked(explorer):
    sent(explorer.box, kind="ask", text="water filter")
    turn_to(explorer, "For a user")
    assert explorer.box.value == ""
    turn_to(explorer, "Search")
    assert explorer.box.value == "water filter"
    turn_to(explorer, "What if")
    sent(explorer.box, kind="choose", what="product", id=explorer.panel.results["item_id"][0])
    assert explorer.box.value == ""


def test_a_sent_text_leads_to_the_panel_that_answers_it(explorer, person):
    sent(explorer.box, kind="ask", text="dryr belt")
    assert explorer.panel.TITLE == "Search"
    assert "“dryer” for “dryr”" in explorer.panel.heading.value
    assert any(marked for card in explorer.panel.listed.cards for _, marked in card["pieces"])
    sent(explorer.box, kind="ask", text=person.lower())
    assert explorer.panel.TITLE == "For a user"
    assert explorer.box.value == person
    item = explorer.panel.results["item_id"][0]
    sent(explorer.box, kind="ask", text=item.lower())
    assert explorer.panel.TITLE == "Similar items"


def test_the_panel_in_front_answers_if_it_can(explorer, person):
    compare = turn_to(explorer, "Compare")
    for text, kind in ((person, "person"), ("water filter", "words")):
        sent(explorer.box, kind="ask", text=text)
        assert explorer.panel is compare
        assert compare.question.kind == kind
        assert set(compare.results["side"]) == {"A", "B"}


def test_a_click_on_a_card_asks_for_similar_products(explorer):
    panel = turn_to(explorer, "For a user")
    item = panel.results["item_id"][1]
    assert sent(panel.listed, kind="open", id=item)[-1] == {"kind": "done"}
    assert explorer.panel.TITLE == "Similar items"
    assert explorer.panel.question.text == item


def test_controls_of_a_user_change_the_list(explorer, person, served):
    explorer.ask(Question("person", person))
    panel, taken = (
        explorer.panel,
        set(served.als.items.ids(served.als.history(served.als.users.row(person)))),
    )
    assert not taken & set(panel.results["item_id"])
    panel.repeats.value = "only"
    assert set(panel.results["item_id"]) <= taken
    panel.repeats.value = "exclude"
    panel.wishes.controls["max_price"].value = "20"
    prices = dict(served.items.facets.select("id", "price").iter_rows())
    assert all(prices[item] <= 20 for item in panel.results["item_id"])
    panel.wishes.rows.value = 3
    assert len(panel.results) == 3


def test_why_says_where_a_score_comes_from(explorer, person):
    explorer.ask(Question("person", person))
    sent(explorer.panel.listed, kind="why", id=explorer.panel.results["item_id"][0])
    assert "is at place 1 of the list" in explorer.panel.why.value
    assert "adds to the score" in explorer.panel.why.value


def test_a_condition_that_cannot_be_read_is_a_sentence(explorer):
    panel = turn_to(explorer, "Search")
    panel.wishes.controls["max_price"].value = "<b>cheap</b>"
    assert "&lt;b&gt;cheap&lt;/b&gt;" in panel.message.value
    assert "is no price" in panel.message.value
    assert panel.listed.cards == []
    panel.wishes.controls["max_price"].value = ""
    assert panel.message.value == ""
    assert panel.listed.cards


def test_what_if_adds_removes_moves_and_starts_from_a_person(explorer, person):
    panel = turn_to(explorer, "What if")
    first, second = panel.history
    sent(panel.listed, kind="add", id=panel.results["item_id"][0])
    added = panel.history[2]
    assert any("new" in card["badges"] for card in panel.listed.cards)
    sent(panel.strip, kind="move", id=added, other=first)
    assert panel.history == [added, first, second]
    sent(panel.strip, kind="move", id=added, other=second)
    assert panel.history == [first, second, added]
    sent(panel.strip, kind="remove", id=first)
    assert panel.history == [second, added]
    panel.empty.click()
    assert panel.history == []
    assert len(panel.results) == 10
    explorer.ask(Question("person", person))
    assert explorer.panel is panel
    assert len(panel.history) >= 4


def test_any_error_is_shown_logged_and_can_be_tried_again(explorer, monkeypatch, caplog):
    panel = turn_to(explorer, "Search")

    def broken(*_arguments, **_options):
        raise RuntimeError("index <b>lost</b>")

    monkeypatch.setattr(explorer.recommender, "search", broken)
    with caplog.at_level(logging.ERROR):
        explorer.ask(Question("words", "belt"))
    assert "index &lt;b&gt;lost&lt;/b&gt;" in panel.message.value
    assert caplog.records[-1].exc_info is not None
    monkeypatch.undo()
    explorer.ask(Question("words", "belt"))
    assert panel.message.value == ""
    assert panel.listed.cards


def test_without_ratings_and_without_products_there_are_no_red_boxes(served):
    parts = {"als": None, "product_search": served.product_search}
    texts = Explorer(Recommender(served.dataset, version="v1", **parts), background=False)
    assert list(texts.panels) == [title for title in PANELS if title != "For a user"]
    parts = {"als": served.als, "product_search": None}
    ratings = Explorer(Recommender(served.dataset, version="v1", **parts), background=False)
    assert list(ratings.panels) == [title for title in PANELS if title != "Search"]
    for explorer in (texts, ratings):
        for title in explorer.panels:
            assert turn_to(explorer, title).message.value == ""
        explorer.ask(Question("words" if explorer is ratings else "person", "x"))
        assert "cannot be asked" in explorer.message.value


def test_pictures_from_the_web_can_be_switched_off(explorer):
    explorer.remote.value = False
    assert not explorer.box.remote
    assert not explorer.panels["For a user"].strip.remote


def test_a_click_on_the_map_asks_for_similar_products(explorer):
    panel = turn_to(explorer, "Map")
    item = panel.map.points[3]["id"]
    sent(panel.map, kind="open", id=item)
    assert explorer.panel.question.text == item
    assert turn_to(explorer, "Map").map.selected == item


def test_the_rows_are_saved_as_csv(explorer):
    (answer,) = sent(explorer.panel.download, kind="file")
    assert answer["name"] == "similar_items.csv"
    assert len(answer["text"].splitlines()) == 31


def test_another_version_takes_the_place_of_the_panels(explorer, served, monkeypatch):
    plain = Recommender(served.dataset, served.als, None, "v0")
    explorer.open_versions._open[served.dataset.name, "v0"] = plain
    explorer.picker.version.options = [("v1", "v1"), ("v0", "v0")]
    explorer.picker.version.value = "v0"
    assert explorer.recommender is plain
    assert "Search" not in explorer.panels
    assert explorer.panel.message.value == ""


def test_a_version_that_cannot_be_opened_leaves_the_old_one(explorer, served):
    explorer.picker.version.options = [("v1", "v1"), ("gone", "gone")]
    explorer.picker.version.value = "gone"
    assert explorer.picker.version.value == "v1"
    assert explorer.recommender is served
    assert "gone" in explorer.message.value


def test_the_first_panel_is_complete_when_the_blend_is_ready(served):
    explorer = Explorer(served)
    explorer.warm_up.wait()
    assert [len(view.cards) for view in explorer.panel.card_lists()] == [1, 10, 10, 10]


def test_saved_notebooks_keep_every_answer(explorer):
    page = explorer.static().data
    for title in PANELS:
        assert f"<h3>{title}</h3>" in page
    assert "<script" not in page
    assert "data:image/png" in page


def test_nothing_trained_is_a_message_that_says_what_to_run(workspace):
    explorer = open_explorer("sample")
    assert isinstance(explorer, NothingTrained)
    assert "python run_pipeline.py --set dataset=sample" in explorer.static().data


def test_an_unknown_dataset_is_an_error(workspace):
    with pytest.raises(ParameterError, match="there is no dataset"):
        open_explorer("sampel")


@pytest.mark.slow
def test_notebook_runs_headless_and_says_what_to_run_when_nothing_is_trained(workspace):
    import papermill

    done = workspace / "explorer.ipynb"
    source = project_root() / "notebooks" / "explorer.ipynb"
    papermill.execute_notebook(str(source), str(done), {"dataset": "sample"}, progress_bar=False)
    text = str(nbformat.read(done, as_version=4).cells[-1].outputs)
    assert "run_pipeline.py" in text
