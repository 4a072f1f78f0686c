"""The script of the question box alone, on a page with a stand-in for the kernel."""

import pytest

from tests.support.chromium import PROGRAM
from tests.support.jupyterlab import browser_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]

_PAGE = """async script => {
  const url = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
  const {default: box} = await import(url);
  const heard = [];
  window.sent = [];
  window.model = {
    values: {value: '', hint: 'Words', remote: true},
    get: name => model.values[name],
    set: (name, value) => { model.values[name] = value; },
    save_changes: () => {}, off: () => {},
    on: (event, callback) => { if (event === 'msg:custom') heard.push(callback); },
    send: message => sent.push(message),
  };
  window.answer = (number, label) => heard.forEach(hear => hear({
    kind: 'suggestions', number,
    rows: [{kind: 'product', id: 'i', label, note: '', picture: '', letter: 'x'}],
  }));
  box.render({model, el: document.body});
}"""


@pytest.fixture
def page():
    from recsys_lib.widgets.views import QuestionBox

    with browser_page() as page:
        page.set_content("<main></main>")
        page.evaluate(_PAGE, QuestionBox._esm)
        yield page


def asked(page):
    return [message for message in page.evaluate("sent") if message["kind"] == "suggest"]


def test_an_older_answer_never_replaces_a_newer_one(page):
    box = page.locator("input")
    box.fill("wat")
    page.wait_for_function("sent.some(message => message.text === 'wat')")
    box.fill("water")
    page.wait_for_function("sent.some(message => message.text === 'water')")
    old, new = (message["number"] for message in asked(page)[-2:])
    page.evaluate(f"answer({new}, 'new')")
    page.evaluate(f"answer({old}, 'old')")
    assert page.locator(".rx-label").all_inner_texts() == ["new"]


def test_keys_that_follow_each_other_ask_once(page):
    page.locator("input").focus()
    before = len(asked(page))
    page.keyboard.type("dryer belt")
    page.wait_for_function("sent.some(message => message.text === 'dryer belt')")
    assert len(asked(page)) - before < len("dryer belt")


def test_what_comes_after_the_question_was_sent_is_not_shown(page):
    box = page.locator("input")
    box.fill("belt")
    page.wait_for_function("sent.some(message => message.text === 'belt')")
    number = asked(page)[-1]["number"]
    box.press("Enter")
    page.evaluate(f"answer({number}, 'late')")
    assert page.locator(".rx-suggestion:visible").count() == 0
    assert page.evaluate("sent")[-1] == {"kind": "ask", "text": "belt"}
