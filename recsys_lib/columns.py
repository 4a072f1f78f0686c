"""The names of all columns that leave a module.

``Ratings`` and ``Products`` are the tables of the SQLite database, with the names of Amazon Reviews
2023. ``Answers`` is the long table that every query of the recommender returns.
"""

from __future__ import annotations

from typing import Final


class Ratings:
    """Table ``user_item_rating``: one row per (user, item).

    ``QUANTITY`` and ``EVENT`` are optional columns of the input, which the table does not have.
    """

    TABLE: Final = "user_item_rating"
    USER: Final = "user_id"
    ITEM: Final = "parent_asin"
    RATING: Final = "rating"
    TIMESTAMP: Final = "timestamp"
    VERIFIED: Final = "verified_purchase"
    HELPFUL: Final = "helpful_vote"
    ALL: Final = (USER, ITEM, RATING, TIMESTAMP, VERIFIED, HELPFUL)
    QUANTITY: Final = "quantity"
    EVENT: Final = "event"
    OPTIONAL: Final = (QUANTITY, EVENT)


class Products:
    """Table ``product_catalog``: one row per product; lists and objects are JSON text.

    ``UPDATED`` is an optional column of the input, which the table does not have.
    """

    TABLE: Final = "product_catalog"
    ITEM: Final = "parent_asin"
    TITLE: Final = "title"
    MAIN_CATEGORY: Final = "main_category"
    AVERAGE_RATING: Final = "average_rating"
    RATING_NUMBER: Final = "rating_number"
    PRICE: Final = "price"
    STORE: Final = "store"
    FEATURES: Final = "features"
    DESCRIPTION: Final = "description"
    IMAGES: Final = "images"
    CATEGORIES: Final = "categories"
    DETAILS: Final = "details"
    ALL: Final = (
        ITEM,
        TITLE,
        MAIN_CATEGORY,
        AVERAGE_RATING,
        RATING_NUMBER,
        PRICE,
        STORE,
        FEATURES,
        DESCRIPTION,
        IMAGES,
        CATEGORIES,
        DETAILS,
    )
    UPDATED: Final = "updated_at"


class Answers:
    """The long table of every query: at most n rows, rank from 1.

    Recommendations for users have one more column, ``REASON``, and answers of search ``FAR``.
    Where variants of a product share a row, ``VARIANTS`` is the next column: a list with the ids of
    the others. Where the shop has rules, ``RULE`` is the last one, with the names of those that
    moved the item. The table's ``attrs`` then have ``RULES``, the fingerprint of the rules, and
    ``LEFT_OUT``, the items that they left out.
    """

    QUERY: Final = "query"
    ITEM: Final = "item_id"
    TITLE: Final = "title"
    SCORE: Final = "score"
    RANK: Final = "rank"
    SOURCE: Final = "source"
    IMAGE: Final = "image_url"
    REASON: Final = "reason"
    FAR: Final = "far"
    VARIANTS: Final = "variants"
    RULE: Final = "rule"
    RULES: Final = "rules"
    LEFT_OUT: Final = "left_out"
    ALL: Final = (QUERY, ITEM, TITLE, SCORE, RANK, SOURCE, IMAGE)


class Feedback:
    """What was served, and what people did with it.

    A list is known by ``LIST``. ``SHOWN`` has one row for each of its items, or one without an item
    where the list was empty; ``EVENTS`` has what people did. Times are UTC.
    """

    LIST: Final = "list_id"
    TIME: Final = "time"
    USER: Final = "user_id"
    SESSION: Final = "session_id"
    VERSION: Final = "version"
    ARM: Final = "arm"
    POLICY: Final = "policy"
    ROUTE: Final = "route"
    QUESTION: Final = "question"
    MILLISECONDS: Final = "milliseconds"
    ITEM: Final = "item_id"
    POSITION: Final = "position"
    SCORE: Final = "score"
    SOURCE: Final = "source"
    PROPENSITY: Final = "propensity"
    TEAM: Final = "team"
    EVENT: Final = "event_id"
    TYPE: Final = "type"
    OF_LIST: Final = (
        LIST,
        TIME,
        USER,
        SESSION,
        VERSION,
        ARM,
        POLICY,
        ROUTE,
        QUESTION,
        MILLISECONDS,
    )
    OF_ITEM: Final = (ITEM, POSITION, SCORE, SOURCE, PROPENSITY, TEAM)
    SHOWN: Final = (*OF_LIST, *OF_ITEM)
    EVENTS: Final = (EVENT, TIME, TYPE, ITEM, LIST, USER, SESSION)


class Exports:
    """The files of ``recsys export``: long tables, best first, rank from 1.

    ``RULE`` is the next column where the shop has rules, and ``LIST`` where the lists are logged.
    """

    USER: Final = "user_id"
    ITEM: Final = "item_id"
    SIMILAR: Final = "similar_item_id"
    RANK: Final = "rank"
    SCORE: Final = "score"
    RULE: Final = "rule"
    LIST: Final = "list_id"
    FOR_USERS: Final = (USER, RANK, ITEM, SCORE)
    FOR_ITEMS: Final = (ITEM, RANK, SIMILAR, SCORE)


class Features:
    """The tables of ``recsys features``, which have a time in every row.

    ``OF_USERS`` and ``OF_ITEMS`` are what interactions before that time say, and the vectors are
    those of a model version, from its own time on.
    """

    USER: Final = "user_id"
    ITEM: Final = "item_id"
    TIME: Final = "event_timestamp"
    N_INTERACTIONS: Final = "n_interactions"
    N_TAKEN: Final = "n_taken"
    MEAN_RATING: Final = "mean_rating"
    LAST: Final = "last_interaction"
    FAVOURITE: Final = "favourite_category"
    CATEGORY: Final = "category"
    PRICE: Final = "price"
    FACTORS: Final = "factors"
    TEXT: Final = "text_vector"
    COUNTED: Final = (N_INTERACTIONS, N_TAKEN, MEAN_RATING, LAST)
    OF_USERS: Final = (USER, TIME, *COUNTED, FAVOURITE)
    OF_ITEMS: Final = (ITEM, TIME, *COUNTED, CATEGORY)
