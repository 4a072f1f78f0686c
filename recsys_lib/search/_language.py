"""The language of a catalogue, which decides how its words are stemmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

from recsys_lib.search._words import NO_STEMMER

# ISO 639-1 codes of the languages with a Snowball stemmer, with the stemmer's name.
_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "nn": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# Languages of many shops without one: nothing else may be taken for these.
_WITHOUT = ["bg", "he", "hr", "ja", "ko", "sk", "sl", "th", "uk", "vi", "zh"]

_SAMPLE, _TOGETHER, _CHARACTERS, _SEED = 1000, 20, 200, 5
_MAJORITY = 0.6


def stemmer_for(texts: Sequence[str]) -> str:
    """The Snowball stemmer for the language of most texts; "none" without one.

    Product titles are short and full of names, so texts of a sample are joined before the language
    of each group is told. Without a clear majority nothing is stemmed: the stemmer of one language
    makes different words of another the same.
    """
    votes = Counter(_STEMMERS.get(_language(group), NO_STEMMER) for group in _groups(texts))
    if not votes:
        return NO_STEMMER
    (language, n), *_ = votes.most_common(1)
    return language if n >= _MAJORITY * votes.total() else NO_STEMMER


def _groups(texts: Sequence[str]) -> Iterator[str]:
    rng = np.random.default_rng(_SEED)
    rows = rng.permutation(len(texts))[:_SAMPLE]
    for start in range(0, len(rows), _TOGETHER):
        yield " ".join(texts[int(row)][:_CHARACTERS] for row in rows[start : start + _TOGETHER])


def _language(text: str) -> str:
    # In lower case, as most training texts are: capitals in titles mislead.
    return str(_identifier().classify(text.lower())[0])


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_DIR / MODEL_FILE)
    identifier.set_languages([*_STEMMERS, *_WITHOUT])
    return identifier
