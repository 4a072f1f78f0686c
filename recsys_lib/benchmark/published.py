"""Every published number that a benchmark is compared with, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

STRICT = (
    "leave-last-out; every item is ranked; items of the history are removed; the second-last item "
    "of a user is history at the test, but never training"
)
LEAVE_LAST_OUT = (
    "leave-last-out; every item is ranked; items of the history are removed; trained on all but "
    "the last item of each user"
)
RANDOM_TENTH = (
    "a random tenth of each user's interactions is held out; every item is ranked; items of the "
    "history are removed"
)


@dataclass(frozen=True)
class Source:
    """Where numbers come from.

    Parameters
    ----------
    name: short, for the table.
    reference: in full.
    published: whether others can look it up; otherwise it was measured for this project.
    """

    name: str
    reference: str
    published: bool = True


S3REC = Source(
    "S3-Rec",
    "Reference: Zhou et al., S3-Rec (CIKM 2020), table with all items ranked in "
    "https://github.com/RUCAIBox/CIKM2020-S3Rec",
)
REPORTED = Source(
    "as reported",
    "Reference: figures reported by the authors of each model, as collected in the README of "
    "https://github.com/blondered/transformer_benchmark",
)
ESASREC = Source(
    "eSASRec",
    'Reference: measured for "eSASRec: Enhancing Transformer-based Recommendations in a Modular '
    'Fashion", README of https://github.com/blondered/transformer_benchmark',
)
MEASURED = Source(
    "measured", "Measured for this project on the same data; not published", published=False
)


@dataclass(frozen=True)
class Result:
    """One row: recall@10 (with one held-out item the hit rate, HR@10) and nDCG@10 of a model."""

    model: str
    recall: float
    ndcg: float
    source: Source


def _rows(source: Source, *rows: tuple[str, float, float]) -> tuple[Result, ...]:
    return tuple(Result(*row, source) for row in rows)


PUBLISHED: dict[str, tuple[Result, ...]] = {
    "s3rec-beauty": (
        *_rows(
            S3REC,
            ("PopRec", 0.0152, 0.0068),
            ("GRU4Rec", 0.0283, 0.0137),
            ("BERT4Rec", 0.0347, 0.0170),
            ("SASRec, binary cross-entropy", 0.0605, 0.0318),
            ("S3-Rec", 0.0647, 0.0327),
        ),
        *_rows(
            REPORTED,
            ("CL4SRec", 0.0681, 0.0299),
            ("TIGER", 0.0648, 0.0384),
            ("LSAN", 0.0785, 0.0410),
            ("ActionPiece", 0.0775, 0.0424),
            ("DuoRec", 0.0845, 0.0443),
        ),
        *_rows(
            ESASREC,
            ("HSTU", 0.0788, 0.0439),
            ("FuXi-alpha", 0.0809, 0.0451),
            ("SASRec, sampled softmax", 0.0921, 0.0531),
            ("eSASRec", 0.0928, 0.0523),
        ),
    ),
    "s3rec-sports": (
        *_rows(
            REPORTED,
            ("SASRec, binary cross-entropy", 0.0350, 0.0192),
            ("S3-Rec", 0.0385, 0.0204),
            ("CL4SRec", 0.0387, 0.0171),
            ("TIGER", 0.0400, 0.0225),
            ("LSAN", 0.0481, 0.0264),
            ("DuoRec", 0.0498, 0.0262),
            ("ActionPiece", 0.0500, 0.0264),
        ),
        *_rows(
            ESASREC,
            ("HSTU", 0.0437, 0.0243),
            ("FuXi-alpha", 0.0437, 0.0244),
            ("SASRec, sampled softmax", 0.0569, 0.0314),
            ("eSASRec", 0.0560, 0.0323),
        ),
    ),
    "s3rec-toys": (
        *_rows(MEASURED, ("most popular", 0.0113, 0.0061)),
        *_rows(
            REPORTED,
            ("S3-Rec", 0.0700, 0.0376),
            ("LSAN", 0.0711, 0.0370),
            ("TIGER", 0.0712, 0.0432),
        ),
        *_rows(
            ESASREC,
            ("HSTU", 0.0778, 0.0450),
            ("FuXi-alpha", 0.0765, 0.0437),
            ("eSASRec", 0.0939, 0.0538),
            ("SASRec, sampled softmax", 0.0970, 0.0580),
        ),
    ),
    "games": _rows(
        MEASURED,
        ("most popular", 0.0124, 0.0065),
        ("RP3beta, top 200", 0.0744, 0.0450),
        ("implicit ALS, 128 factors", 0.0990, 0.0557),
        ("implicit ALS, 256 factors", 0.1109, 0.0629),
        ("EASE, lambda 200", 0.1126, 0.0662),
        ("implicit ALS, 256 factors, half-life of 1 item", 0.1248, 0.0721),
        ("EASE, half-life of 2 items", 0.1238, 0.0737),
    ),
    "ml-100k": _rows(
        MEASURED,
        ("ALS, fixed parameters", 0.197, 0.211),
        ("item-kNN, BM25", 0.232, 0.286),
        ("EASE", 0.293, 0.355),
    ),
}
"""By the name of the benchmark; the others have no rows."""
