"""A Spark cluster as the place where the heavy work of a step is done.

``cluster``   which cluster, and how its settings are given: ``Cluster``
``checks``    what must be there before Spark starts: Java, a master that answers
``failures``  what went wrong there, in one line: ``failure``

What is done there is defined where the local engine defines it: reading and cleaning in ``data``,
factors in ``als``, vectors in ``search``, lists in ``serving``. This package imports pyspark, which
the extra ``spark`` installs, when a session is opened and not before.
"""

from recsys_lib.spark.cluster import Cluster
from recsys_lib.spark.failures import failure

__all__ = ["Cluster", "failure"]
