"""The colours that stages take from their pipeline's theme. Spec 3.2 lists the names; Boxwood chose the shades."""

from __future__ import annotations

_RAINBOW = ["#d93025", "#f29900", "#f9c300", "#1e8e3e", "#12a4af", "#1a73e8", "#9334e6", "#e52592"]
_RAINBOW_FADED = ["#fad2cf", "#feefc3", "#fff6c9", "#ceead6", "#cbf0f8", "#d2e3fc", "#e9d2fd", "#fdcfe8"]
_LIGHTS = ["#d93025", "#ea8600", "#f9c300", "#7cb342", "#1e8e3e"]
_LIGHTS_FADED = ["#fad2cf", "#fedfc8", "#fff6c9", "#e0f0cd", "#ceead6"]
_LAKESIDE = ["#0b5394", "#1c7cb0", "#2a9d8f", "#5aa469", "#8a9a5b", "#c2a878"]
_LAKESIDE_FADED = ["#cfe2f3", "#d0eaf5", "#d3f0ec", "#dcefdf", "#e8ecd9", "#f3ebdd"]
_SUNSET = ["#5b2a86", "#9a348e", "#da627d", "#ee7b5c", "#f5a65b", "#f9c784"]
_SUNSET_FADED = ["#e1d5ea", "#f0d6ec", "#f9dde4", "#fce2da", "#fdecd9", "#fef3e2"]
_SUMMER = ["#ff6f61", "#ffb347", "#ffe066", "#88d498", "#1a936f", "#3da5d9"]
_SUMMER_FADED = ["#ffe2df", "#fff0da", "#fff9e0", "#e4f6e8", "#d1eae2", "#d8edf7"]
_HALLOWEEN = ["#1b1b1e", "#5a189a", "#9d4edd", "#ff7900", "#ff9e00", "#6a994e"]
_HALLOWEEN_FADED = ["#d8d8dc", "#e0d1eb", "#efe1fa", "#ffe4cc", "#ffecce", "#e1ebdc"]


def _shades(*colours: str) -> list[str]:
    return list(colours)


THEMES: dict[str, list[str]] = {
    "DEFAULT": ["#e8eaed", "#d2e3fc", "#ceead6", "#feefc3", "#fad2cf", "#e9d2fd", "#cbf0f8", "#fdcfe8"],
    "STREAK": ["#f47b20", "#f9a65a", "#4a90e2", "#50b8a8", "#7ac36a", "#9b59b6", "#e0574f", "#8795a1"],
    "RAINBOW_SATURATED": _RAINBOW,
    "RAINBOW_FADED": _RAINBOW_FADED,
    "TRAFFIC_LIGHT_SATURATED": _LIGHTS,
    "TRAFFIC_LIGHT_FADED": _LIGHTS_FADED,
    "LAKESIDE_SATURATED": _LAKESIDE,
    "LAKESIDE_FADED": _LAKESIDE_FADED,
    "SUNSET_SATURATED": _SUNSET,
    "SUNSET_FADED": _SUNSET_FADED,
    "SUMMER_SATURATED": _SUMMER,
    "SUMMER_FADED": _SUMMER_FADED,
    "HALLOWEEN_SATURATED": _HALLOWEEN,
    "HALLOWEEN_FADED": _HALLOWEEN_FADED,
    "GREYSCALE": _shades("#f1f3f4", "#dadce0", "#bdc1c6", "#9aa0a6", "#5f6368", "#3c4043"),
    "BLUEGREY": _shades("#eceff1", "#cfd8dc", "#b0bec5", "#90a4ae", "#607d8b", "#455a64"),
    "RED": _shades("#ffebee", "#ffcdd2", "#ef9a9a", "#e57373", "#e53935", "#b71c1c"),
    "YELLOWORANGE": _shades("#fff8e1", "#ffecb3", "#ffe082", "#ffca28", "#ffa000", "#ef6c00"),
    "GREEN": _shades("#e8f5e9", "#c8e6c9", "#a5d6a7", "#66bb6a", "#388e3c", "#1b5e20"),
    "TEAL": _shades("#e0f2f1", "#b2dfdb", "#80cbc4", "#26a69a", "#00796b", "#004d40"),
    "CYAN": _shades("#e0f7fa", "#b2ebf2", "#80deea", "#26c6da", "#0097a7", "#006064"),
    "BLUE": _shades("#e3f2fd", "#bbdefb", "#90caf9", "#42a5f5", "#1976d2", "#0d47a1"),
    "INDIGO": _shades("#e8eaf6", "#c5cae9", "#9fa8da", "#5c6bc0", "#303f9f", "#1a237e"),
    "DEEPPURPLE": _shades("#ede7f6", "#d1c4e9", "#b39ddb", "#7e57c2", "#512da8", "#311b92"),
    "VIOLET": _shades("#f3e5f5", "#e1bee7", "#ce93d8", "#ab47bc", "#7b1fa2", "#4a148c"),
    "PINK": _shades("#fce4ec", "#f8bbd0", "#f48fb1", "#ec407a", "#c2185b", "#880e4f"),
}


_FADED, _SATURATED = {"WON": "#a8dab5", "LOST": "#bdc1c6"}, {"WON": "#1e8e3e", "LOST": "#8795a1"}
ENDS = {"DEFAULT": _FADED, "RAINBOW_FADED": _FADED, "STREAK": _SATURATED, "RAINBOW_SATURATED": _SATURATED}
"""Green for won and grey for lost, in the themes of many colours."""


def colours(theme: str, place: int, kind: str = "OPEN") -> tuple[str, str]:
    """Return foreground and background of the stage of this kind at this position, from 0. The foreground is dark or
    white, whichever is easier to read."""
    theme = theme if theme in THEMES else "DEFAULT"
    background = ENDS.get(theme, {}).get(kind) or THEMES[theme][place % len(THEMES[theme])]
    return readable_on(background), background


def readable_on(background: str) -> str:
    """Return dark or white, by the relative luminance of the background (WCAG)."""
    parts = [int(background[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return "#202124" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#ffffff"
