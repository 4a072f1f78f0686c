"""The encoder for the queries of a search part: the one that made its vectors."""

from __future__ import annotations

from recsys_lib.errors import ArtifactError
from recsys_lib.search._part import MODEL_KEY, SearchPart, encoded_with
from recsys_lib.search.build import text_encoder
from recsys_lib.search.encoder import TextEncoder


def encoder_of(stored: SearchPart) -> TextEncoder:
    """Load it; ArtifactError unless its weights made the vectors."""
    wanted, folder = stored.part.parameters[MODEL_KEY], stored.part.folder
    encoder = text_encoder(encoded_with(stored), stored=folder)
    if encoder.fingerprint != wanted:
        raise ArtifactError(
            f"{folder} was embedded with other weights of {stored.parameters.model!r} "
            f"({wanted[:12]}) than those installed ({encoder.fingerprint[:12]}): "
            "run the embed step again"
        )
    return encoder
