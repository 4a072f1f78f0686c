"""``python -m recsys_lib.cli`` is ``recsys``."""

import sys

from recsys_lib.cli import main

sys.exit(main())
