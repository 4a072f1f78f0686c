"""Product pictures that need no network: small SVG icons as data URLs."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:g},{y:g}h{width:g}v{height:g}h{-width:g}z"


def _disc(x: float, y: float, radius: float) -> str:
    r = f"{radius:g},{radius:g},0,1,0"
    return f"M{x - radius:g},{y:g}a{r},{2 * radius:g},0a{r},{-2 * radius:g},0z"


def _line(x: float, y: float, dx: float, dy: float) -> str:
    return f"M{x:g},{y:g}l{dx:g},{dy:g}"


_LAUNDRY = _box(13, 9, 38, 46) + _line(13, 19, 38, 0) + _disc(32, 37, 13)
_TALL = _box(17, 7, 30, 50)
_STOVE = _box(12, 10, 40, 45) + _line(12, 22, 40, 0)

_ICONS: dict[str, tuple[str, str]] = {  # outline, tinted area
    "washer": (_LAUNDRY + "M21,40q6,-5,11,0t11,0", _disc(32, 37, 13) + _disc(45, 14, 1.5)),
    "dryer": (_LAUNDRY + _line(27, 33, 0, 8) + _line(32, 31, 0, 12) + _line(37, 33, 0, 8), ""),
    "fridge": (_TALL + _line(17, 37, 30, 0) + _line(32, 7, 0, 30), _box(17, 37, 30, 20)),
    "freezer": (
        _box(8, 22, 48, 30) + _line(8, 30, 48, 0) + _line(28, 26, 8, 0),
        _box(8, 22, 48, 8),
    ),
    "icemaker": (
        _box(13, 18, 38, 36) + _box(19, 26, 9, 9) + _box(33, 33, 9, 9),
        _box(13, 10, 38, 8),
    ),
    "dishwasher": (
        _box(12, 9, 40, 46) + _line(12, 19, 40, 0) + _line(22, 14, 20, 0),
        _disc(32, 37, 10),
    ),
    "range": (
        _STOVE + _box(19, 30, 26, 17) + _disc(20, 16, 2) + _disc(44, 16, 2),
        _box(19, 30, 26, 17),
    ),
    "cooktop": (
        _box(8, 14, 48, 36) + _disc(22, 25, 6) + _disc(42, 38, 8),
        _disc(42, 25, 5) + _disc(22, 39, 5),
    ),
    "microwave": (
        _box(7, 17, 50, 30) + _box(12, 22, 30, 20) + _disc(50, 25, 2),
        _box(12, 22, 30, 20),
    ),
    "hood": ("M26,8h12v18l16,16v8h-44v-8l16,-16z" + _line(10, 42, 44, 0), _box(10, 42, 44, 8)),
    "belt": (
        "M22,18a14,14,0,0,0,0,28h20a14,14,0,0,0,0,-28zM22,23a9,9,0,0,0,0,18h20a9,9,0,0,0,0,-18z",
        "",
    ),
    "board": (
        _box(12, 14, 40, 36) + _line(20, 22, 9, 0) + _line(20, 42, 24, 0),
        _box(34, 22, 12, 12),
    ),
    "bottle": ("M27,8h10v10l7,9v29h-24v-29l7,-9z", _box(20, 33, 24, 15)),
    "brush": (_line(32, 6, 0, 24) + _box(22, 30, 20, 8), _box(22, 38, 20, 18)),
    "bulb": ("M26,42a16,16,0,1,1,12,0v6h-12z" + _line(27, 54, 10, 0), _disc(32, 27, 8)),
    "coil": ("M12,52v-36h8v28h8v-28h8v28h8v-28h8v36", ""),
    "fan": (
        _disc(32, 32, 23) + _disc(32, 32, 4),
        "M32,28q-12,-8,0,-17q8,8,0,17M36,32q8,-12,17,0q-8,8,-17,0"
        "M32,36q12,8,0,17q-8,-8,0,-17M28,32q-8,12,-17,0q8,-8,17,0",
    ),
    "filter": (
        _box(20, 14, 24, 42) + _line(20, 24, 24, 0) + _line(20, 46, 24, 0),
        _box(26, 7, 12, 7),
    ),
    "fuse": (
        _box(18, 22, 28, 20) + _line(32, 22, 0, -12) + _line(8, 32, 10, 0) + _line(46, 32, 10, 0),
        _disc(32, 32, 6),
    ),
    "gauge": (_disc(32, 32, 22) + _line(32, 32, 10, -9), _disc(32, 32, 4)),
    "gear": (
        _disc(32, 32, 14)
        + _line(32, 8, 0, 10)
        + _line(32, 46, 0, 10)
        + _line(8, 32, 10, 0)
        + _line(46, 32, 10, 0),
        _disc(32, 32, 6),
    ),
    "hose": ("M10,50q0,-32,20,-20t24,-18", _box(6, 48, 9, 9) + _box(50, 6, 9, 9)),
    "knob": (_disc(32, 32, 20) + _line(32, 14, 0, 14), _disc(32, 32, 13)),
    "mesh": (_box(12, 12, 40, 40) + "M12,25h40M12,39h40M25,12v40M39,12v40", _box(12, 12, 40, 40)),
    "pads": (
        _disc(20, 22, 9) + _disc(44, 22, 9) + _disc(20, 44, 9) + _disc(44, 44, 9),
        _disc(32, 33, 4),
    ),
    "pulley": (_disc(32, 32, 18) + _disc(32, 32, 5) + _line(50, 32, 0, 22), _disc(32, 32, 12)),
    "pump": (_box(26, 18, 28, 28) + _line(10, 26, 16, 0) + _line(10, 38, 16, 0), _disc(40, 32, 9)),
    "ring": (_disc(32, 32, 22) + _disc(32, 32, 15), ""),
    "rods": ("M16,8v48M27,8v48M38,8v48M49,8v48", _box(12, 38, 41, 12)),
    "switch": (
        _box(14, 24, 36, 18) + _line(22, 24, 16, -10) + _line(22, 42, 0, 10) + _line(42, 42, 0, 10),
        _disc(40, 33, 4),
    ),
    "tablets": (_disc(22, 26, 11) + _disc(42, 38, 11), _disc(22, 26, 6) + _disc(42, 38, 6)),
    "tray": (
        "M10,22h44l-5,26h-34z" + _line(22, 22, 3, 26) + _line(42, 22, -3, 26),
        _box(10, 16, 44, 6),
    ),
    "valve": (
        _box(18, 30, 28, 16)
        + _line(32, 30, 0, -14)
        + _line(22, 14, 20, 0)
        + _line(6, 38, 12, 0)
        + _line(46, 38, 12, 0),
        _disc(32, 38, 5),
    ),
    "wheels": (
        _disc(20, 34, 13) + _disc(46, 34, 10) + _disc(20, 34, 3) + _disc(46, 34, 3),
        _disc(20, 34, 9),
    ),
}


@cache
def picture(icon: str, colour: str) -> str:
    """The data URL of an icon in a ``#rrggbb`` colour, URL-encoded, shorter than 700 characters."""
    outline, area = _ICONS[icon]
    tinted = f'<path d="{area}" fill="{colour}" fill-opacity=".3"/>' if area else ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" fill="#f4f5f7"/>{tinted}'
        f'<path d="{outline}" fill="none" stroke="{colour}" stroke-width="2.5"/></svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe="/:=,.-")
