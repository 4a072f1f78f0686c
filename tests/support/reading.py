"""Read a whole file with a reader, as tests want it."""

import polars as pl

from recsys_lib.data.formats.records import LINE, Start


def read(reader, path, fields, start=None):
    """All records of a file in one frame as text, and the rejected lines.

    ``fields`` are names, or names with the types to hope for.
    """
    text = dict.fromkeys(fields, pl.String())
    schema = fields if isinstance(fields, dict) else text
    parts = [work() for work in reader.read(path, schema, start or Start())]
    frames = [pl.DataFrame(schema={**text, LINE: pl.Int64()})]
    frames += [part.frame.cast(text) for part in parts]
    return pl.concat(frames), [bad for part in parts for bad in part.rejected]
