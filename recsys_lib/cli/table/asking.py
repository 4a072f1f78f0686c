"""Commands about what models answer."""

from __future__ import annotations

from recsys_lib.cli import _ask
from recsys_lib.cli.table.command import (
    DATASET_OF_VERSION,
    JSON,
    NO_RULES,
    VERSION,
    Command,
    argument,
)

_TOP_K = argument(
    "--top-k", "-n", type=_ask.count, default=10, metavar="N", help="most rows to print"
)
_WISHES = (
    _TOP_K,
    argument("--category", metavar="NAME", help="only products of this category"),
    argument("--brand", metavar="NAME", help="only products of this brand"),
    argument("--store", metavar="NAME", help="only products of this store"),
    argument("--min-price", type=float, metavar="PRICE", help="lowest price"),
    argument("--max-price", type=float, metavar="PRICE", help="highest price"),
    argument("--min-rating", type=float, metavar="STARS", help="lowest average rating"),
    argument("--with-reviews", action="store_true", help="only products that somebody rated"),
    argument("--in-stock", action="store_true", help="only products that can be had"),
    argument(
        "--exclude", action="append", default=[], metavar="ITEM", help="leave out this item, too"
    ),
    argument(
        "--diversity",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="0: best first; up to 1: more categories (default: 0)",
    ),
    NO_RULES,
    DATASET_OF_VERSION,
    VERSION,
    JSON,
)

COMMANDS = (
    Command(
        "recommend",
        "recommend items to a user, and say why",
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ\n"
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ --max-price 20 --diversity 0.3\n"
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ --explain B04V3T3QPT\n"
        "recsys recommend u17 --dataset shop --json | jq -r '.recommendations[].item_id'",
        _ask.recommend,
        (
            argument("user", metavar="USER", help="id of a user of the training data"),
            argument(
                "--explain",
                metavar="ITEM",
                help="print only why this item is in the list, or why it is not",
            ),
            argument(
                "--repeats",
                choices=["exclude", "allow", "only"],
                default="exclude",
                help="items that the user has: leave them out, allow them, or nothing else",
            ),
            *_WISHES,
        ),
    ),
    Command(
        "similar",
        "show items like one item",
        "recsys similar B04V3T3QPT\nrecsys similar B04V3T3QPT --by text --top-k 5",
        _ask.similar,
        (
            argument("item", metavar="ITEM", help="id of a rated item, or of a product"),
            argument(
                "--by",
                choices=["als", "text", "blend"],
                help="liked by the same people; of similar text; or what would be recommended to "
                "somebody who took it alone (default: what the evaluation found best)",
            ),
            *_WISHES,
        ),
    ),
    Command(
        "search",
        "find products by words and by meaning",
        'recsys search "water filter for a french door fridge"\n'
        "recsys search dryer belt --max-price 20 --mode lexical",
        _ask.search,
        (
            argument("words", metavar="WORDS", nargs="+", help="words, a sentence, or a code"),
            argument(
                "--mode",
                choices=["hybrid", "semantic", "lexical"],
                help="by meaning and by words; by meaning; by words (default: as the index was "
                "built)",
            ),
            *_WISHES,
        ),
    ),
)
