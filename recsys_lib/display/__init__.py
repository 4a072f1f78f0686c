"""Everything that is shown while and after code runs.

Import from its modules: ``progress`` shows how far a long task is, ``tables``, ``plotting`` and
``decoration`` are for notebooks and reports, ``terminal`` is for the command line. This face
imports none of them, since each brings a large library, and every step would come to depend on all.
"""

__all__ = ["decoration", "plotting", "progress", "tables", "terminal"]
