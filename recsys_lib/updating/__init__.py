"""Between two runs: new events into data and models, and persons out of them."""

from recsys_lib.updating.forget import Forgot, forget
from recsys_lib.updating.log_intake import take_log
from recsys_lib.updating.new_interactions import NewInteractions
from recsys_lib.updating.renewal import Renewed, renew
from recsys_lib.updating.update import Updated, update

__all__ = [
    "Forgot",
    "NewInteractions",
    "Renewed",
    "Updated",
    "forget",
    "renew",
    "take_log",
    "update",
]
