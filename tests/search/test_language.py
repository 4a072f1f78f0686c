"""The language of a catalogue is told from its texts."""

import pytest

from recsys_lib.search import ProductSearch, _language
from recsys_lib.search._language import stemmer_for

GERMAN = [
    "Kaffeemaschine 1,2 l schwarz",
    "Wasserfilter für Kühlschränke",
    "Winterjacke Größe L",
    "Gartenschlauch 20 m",
]
FRENCH = [
    "Machine à café noire",
    "Filtre à eau pour réfrigérateur",
    "Veste d'hiver pour homme",
    "Tuyau d'arrosage de 20 m",
]
ENGLISH = [
    "Coffee maker, black",
    "Water filter for refrigerators",
    "Winter jacket for men",
    "Garden hose of 20 m",
]
JAPANESE = ["黒いコーヒーメーカー", "冷蔵庫用の浄水フィルター", "男性用の冬のジャケット"]


@pytest.mark.parametrize(
    ("titles", "stemmer"),
    [(GERMAN, "german"), (FRENCH, "french"), (ENGLISH, "english"), (JAPANESE, "none")],
)
def test_the_stemmer_is_that_of_the_language(titles, stemmer):
    assert stemmer_for(titles * 30) == stemmer
    assert stemmer_for([title.upper() for title in titles]) == stemmer


def test_without_a_majority_nothing_is_stemmed(monkeypatch):
    monkeypatch.setattr(_language, "_TOGETHER", 1)
    german, english = ". ".join(GERMAN), ". ".join(ENGLISH)
    assert stemmer_for([german, english] * 20) == "none"
    assert stemmer_for([german, german, english] * 20) == "german"
    assert stemmer_for([]) == "none"


def test_a_german_catalogue_finds_inflected_words(catalogue, build):
    rows = [(f"D{row}", title, None) for row, title in enumerate(GERMAN)]
    folder, _ = build(catalogue(rows))
    found = ProductSearch.load(folder)
    assert found.facts()["language of the stemmer"] == "german"
    rows, _ = found.search("Wasserfiltern", 1, mode="lexical")
    assert found.names[rows].to_list() == [GERMAN[1]]
