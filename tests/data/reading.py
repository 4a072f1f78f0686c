"""Read a whole file with a reader, as tests want it."""

import polars as pl

from recsys_lib.data.formats.blocks import LINE, Start


def read(reader, path, fields, start=None):
    """All records of a file in one frame, and the rejected lines."""
    parts = [work() for work in reader.read(path, fields, start or Start())]
    schema = {**dict.fromkeys(fields, pl.String()), LINE: pl.Int64()}
    frames = [pl.DataFrame(schema=schema), *(part.frame for part in parts)]
    return pl.concat(frames), [bad for part in parts for bad in part.rejected]
