"""The script of the process that cleans HTML. It imports nothing of the server except the protocol of the formula
process. Once the library is loaded, it can open no file and no socket."""

import hashlib
import importlib
import json
import os
import re
import sys
from typing import Any
from urllib.parse import unquote

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "formulas"))
child: Any = importlib.import_module("worker")

# A newsletter of 200 KB takes about 10 ms. The library takes the square of the depth of nested elements.
KILL_CPU_SECONDS = 1.0
KILL_SECONDS = 10.0

TAGS = set(
    """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn
    dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre
    q rp rt ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr
    """.split()
)
# Removed with all that is inside them. Other elements that are not in TAGS leave their content.
REMOVED_WHOLE = set(
    """
    applet audio button canvas datalist embed frameset iframe map math noembed noframes noscript object option
    plaintext script select style svg template textarea title video xmp
    """.split()
)
ANYWHERE = {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"}
_CELL = {"colspan", "rowspan", "nowrap"}
ATTRIBUTES = {
    "*": ANYWHERE,
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "hr": {"noshade", "size"},
    "img": {"alt", "border", "hspace", "src", "vspace"},
    "li": {"value", "type"},
    "ol": {"start", "type", "reversed"},
    "table": {"border", "cellpadding", "cellspacing", "frame", "rules"},
    "td": _CELL,
    "th": _CELL,
    "time": {"datetime"},
    "ul": {"type"},
}
_SIDES = ("top", "right", "bottom", "left")
STYLES = set(
    """
    background-color border border-collapse border-color border-radius border-spacing border-style border-width
    box-sizing caption-side clear color direction display empty-cells float font font-family font-size font-style
    font-variant font-weight height letter-spacing line-height list-style-type margin max-height max-width min-height
    min-width opacity overflow overflow-wrap padding table-layout text-align text-decoration text-indent text-transform
    vertical-align visibility white-space width word-break word-spacing word-wrap
    """.split()
)
STYLES |= {f"{name}-{side}" for name in ("border", "margin", "padding") for side in _SIDES}
STYLES |= {f"border-{side}-{what}" for side in _SIDES for what in ("color", "style", "width")}

_FOLLOWED = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile(r"https?:", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp|bmp|avif);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
# What a browser removes from an address before it reads its scheme.
_BLANK = re.compile(r"[\t\n\r]")
_AROUND = "".join(map(chr, range(0x21)))
# A value that loads something, or that could hide this behind an escape.
_LOADS = re.compile(r"url|image|src|attr|var|env|expression|\\|/\*|@", re.IGNORECASE)
_BACKGROUND = re.compile(r"\s*background\s*:(.*)", re.IGNORECASE | re.DOTALL)
_ADDRESS_IN_STYLE = re.compile(r"url\([^)]*\)?", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|rgba?\([\d.,%\s/]+\)|\b[a-z]{3,20}\b", re.IGNORECASE)
_NO_COLOURS = set("none repeat scroll fixed local center top bottom left right cover contain auto inherit".split())
LONGEST_ADDRESS = 8_000


class Filter:
    """Decides about each attribute. `remote` collects the addresses of remote pictures, each once, by its id, and
    `shown` the addresses of parts."""

    def __init__(self, parts: dict[str, str], pictures: str) -> None:
        self.parts = parts
        self.pictures = pictures
        self.remote: dict[str, str] = {}
        self.shown: set[str] = set()

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        if name == "href":
            address = _straightened(value)
            return address if _FOLLOWED.match(address) and len(address) <= LONGEST_ADDRESS else None
        if name == "src":
            return self._source(_straightened(value))
        if name == "style":
            return _style(value)
        return value

    def _source(self, address: str) -> str | None:
        if address[:4].lower() == "cid:":
            part = unquote(address[4:]).strip("<>")
            found = self.parts.get(part) or self.parts.get(part.lower())
            if found:
                self.shown.add(found)
            return found
        if _REMOTE.match(address) and len(address) <= LONGEST_ADDRESS:
            picture = picture_id(address)
            self.remote[picture] = address
            return self.pictures + picture if self.pictures else None
        return address if _PICTURE.fullmatch(address) else None


def picture_id(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:24]


def _straightened(address: str) -> str:
    """The address as a browser reads it."""
    return _BLANK.sub("", address).strip(_AROUND)


def _style(value: str) -> str | None:
    """The declarations that load nothing. Of a background only its colour is left."""
    kept = []
    for declaration in value.split(";"):
        if background := _BACKGROUND.match(declaration):
            plain = _ADDRESS_IN_STYLE.sub(" ", background[1])
            colour = next((found[0] for found in _COLOUR.finditer(plain) if found[0].lower() not in _NO_COLOURS), "")
            declaration = f"background-color:{colour}" if colour else ""
        if declaration.strip() and not _LOADS.search(declaration.partition(":")[2]):
            kept.append(declaration)
    return ";".join(kept) or None


def clean(nh3: Any, asked: dict[str, Any], page: str) -> dict[str, Any]:
    """The cleaned HTML, the addresses of its remote pictures by their ids, and the addresses of the parts in it."""
    decide = Filter(asked["parts"], asked["pictures"])
    cleaned = nh3.clean(
        page,
        tags=TAGS,
        clean_content_tags=REMOVED_WHOLE,
        attributes=ATTRIBUTES,
        attribute_filter=decide,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        filter_style_properties=STYLES,
    )
    return {"html": cleaned, "remote": decide.remote, "shown": sorted(decide.shown)}


def serve(nh3: Any) -> None:
    while True:
        sizes = child.read_exactly(8)
        head = child.read_exactly(int.from_bytes(sizes[:4], "big"))
        body = child.read_exactly(int.from_bytes(sizes[4:], "big")).decode()
        child.arm(KILL_CPU_SECONDS, KILL_SECONDS)
        reply = b"c" + json.dumps(clean(nh3, json.loads(head), body)).encode()
        child.arm(0, 0)
        child.write(len(reply).to_bytes(4, "big") + reply)


def main(folder: str) -> None:
    for number in (child.signal.SIGINT, child.signal.SIGTERM, child.signal.SIGHUP):
        child.signal.signal(number, child.signal.SIG_IGN)
    sys.path.append(os.path.dirname(folder))
    nh3 = importlib.import_module("nh3")
    clean(nh3, {"parts": {}, "pictures": ""}, "<p>a")
    child.limit()
    child.resource.setrlimit(child.resource.RLIMIT_NOFILE, (0, 0))  # what is open stays open
    serve(nh3)


if __name__ == "__main__":
    main(sys.argv[1])
