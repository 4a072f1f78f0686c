"""Ranges of models for int8 that need not be observed again, which takes seconds.

A test compares them with what is observed.
"""

KNOWN: dict[str, list[tuple[float, float]]] = {
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db": [
        (-2.8, 6.33),
        (-2.87, 2.06),
        (-4.48, 28.5),
        (-0.17, 8.0),
        (-4.5, 8.13),
        (-1.63, 2.06),
        (-8.47, 30.3),
        (-0.17, 8.0),
        (-5.3, 7.99),
        (-1.81, 1.78),
        (-14.3, 27.7),
        (-0.17, 8.0),
        (-5.1, 9.66),
        (-2.27, 1.8),
        (-15.9, 28.8),
        (-0.17, 8.0),
        (-5.66, 10.5),
        (-2.1, 1.71),
        (-14.3, 21.6),
        (-0.17, 5.87),
        (-5.77, 9.83),
        (-2.63, 3.15),
        (-11.3, 13.1),
        (-0.17, 8.0),
    ],
}
"""By the SHA-256 of the weights: the smallest and the largest input of each linear layer."""
