"""What happens after serving: what was shown, what people did with it, and what follows."""

from recsys_lib.loop.arm_comparison import ArmComparison, compare_arms
from recsys_lib.loop.log import FeedbackLog, LogCounts
from recsys_lib.loop.monitor import Monitored, monitor
from recsys_lib.loop.outcomes import OUTCOMES, attributed, outcomes
from recsys_lib.loop.reading import last_list, read_events, read_shown
from recsys_lib.loop.records import EVENT_TYPES, Event, EventType, ServedList, Shown
from recsys_lib.loop.rotation import keep_rotating, rotate
from recsys_lib.loop.team_comparison import TeamComparison, compare_teams
from recsys_lib.loop.traffic import SHARES, rates
from recsys_lib.loop.verdict import Finding, MonitorVerdict

__all__ = [
    "EVENT_TYPES",
    "OUTCOMES",
    "SHARES",
    "ArmComparison",
    "Event",
    "EventType",
    "FeedbackLog",
    "Finding",
    "LogCounts",
    "MonitorVerdict",
    "Monitored",
    "ServedList",
    "Shown",
    "TeamComparison",
    "attributed",
    "compare_arms",
    "compare_teams",
    "keep_rotating",
    "last_list",
    "monitor",
    "outcomes",
    "rates",
    "read_events",
    "read_shown",
    "rotate",
]
