"""The fixtures are notebooks that fail on purpose: they are run by tests, not as tests."""

collect_ignore_glob = ["notebooks/*"]
