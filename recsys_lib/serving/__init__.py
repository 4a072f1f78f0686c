"""Query the trained models: from Python, over HTTP (``http``), or for everybody (``export``).

``http`` is not imported here, since it needs the extra ``api``.
"""

from recsys_lib.serving.recommender import Recommender

__all__ = ["Recommender"]
