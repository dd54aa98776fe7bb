"""The HTML of web forms. It needs no script, and every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from ..core.activity.forms import CONTACT_EMAIL, CONTACT_NAME, CONTACT_PHONE, FILE, NOTES, Form, FormField
from ..core.records import Field

HONEYPOT, PAGE = "website_url", "page"
"""The names of the field that people do not see, and of the sealed time."""
_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1.5rem;max-width:40rem}
label,legend{display:block;font-weight:600;margin:1rem 0 .25rem;padding:0}fieldset{border:0;padding:0;margin:0}
input:not([type=checkbox]),select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;
border:1px solid #8888;border-radius:.25rem;background:Field;color:FieldText}
.choice{font-weight:400;margin:.25rem 0}.help{font-size:.875rem;opacity:.8;margin:0}
.fault{color:#c92a2a;margin:.25rem 0}@media(prefers-color-scheme:dark){.fault{color:#ff8787}}
button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.6rem 1.5rem;border:0;border-radius:.25rem;
background:#2b6b3f;color:#fff}.other{position:absolute;left:-9999px}
"""


class Shown(NamedTuple):
    """What a page shows: the form, what was typed, and what is wrong."""

    form: Form
    fields: Mapping[str, Field]
    answers: Mapping[str, Sequence[str]]
    problem: str
    faults: Mapping[str, str]
    token: str
    instead: str = ""
    """A text that is shown in place of the form."""


def page(shown: Shown) -> str:
    settings = shown.form.settings
    title = escape(settings.title or shown.form.name)
    body = f"<p role=status>{_lines(shown.instead)}</p>" if shown.instead else _form(shown)
    return (
        f'<!doctype html><html lang="{escape(settings.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def _form(shown: Shown) -> str:
    settings = shown.form.settings
    with_files = any(each.target == FILE for each in shown.form.fields)
    intro = f"<p>{_lines(settings.intro)}</p>" if settings.intro else ""
    problem = f'<p class="fault" role="alert">{_lines(shown.problem)}</p>' if shown.problem else ""
    # Files come last, so that all texts have arrived when a file is too large.
    asked = sorted(shown.form.fields, key=lambda each: each.target == FILE)
    texts = "".join(_question(shown, at, each) for at, each in enumerate(asked) if each.target != FILE)
    files = "".join(_question(shown, at, each) for at, each in enumerate(asked) if each.target == FILE)
    return (
        f'{intro}{problem}<form method="post" action=""{" enctype=multipart/form-data" if with_files else ""}>'
        f'<input type="hidden" name="{PAGE}" value="{escape(shown.token)}">'
        f'<div class="other" aria-hidden="true"><label>Website<input name="{HONEYPOT}" tabindex="-1" '
        f'autocomplete="off"></label></div>{texts}{_consent(shown)}{files}'
        f"<button>{escape(settings.button)}</button></form>"
    )


def _question(shown: Shown, at: int, each: FormField) -> str:
    given = list(shown.answers.get(each.target, ()))
    value = given[0] if given else ""
    if each.hidden:
        return f'<input type="hidden" name="{escape(each.target)}" value="{escape(value)}">'
    name, fault = f"q{at}", shown.faults.get(each.target, "")
    described = " ".join(f"{name}{part}" for part, text in (("h", each.help), ("f", fault)) if text)
    attributes = f' id="{name}" name="{escape(each.target)}"'
    attributes += f' aria-describedby="{described}"' if described else ""
    attributes += ' aria-invalid="true"' if fault else ""
    needed = " required" if each.required else ""
    label = f"{escape(each.label)}{' *' if each.required else ''}"
    notes = f'<p class="help" id="{name}h">{_lines(each.help)}</p>' if each.help else ""
    notes += f'<p class="fault" id="{name}f">{escape(fault)}</p>' if fault else ""
    field = shown.fields.get(each.target)
    kind = field.type if field else ""
    if field and kind == "TAG":
        boxes = "".join(
            f'<label class="choice"><input type="checkbox" name="{escape(each.target)}" value="{escape(option.key)}"'
            f"{' checked' if option.key in given else ''}> {escape(option.name)}</label>"
            for option in field.options
        )
        return f"<fieldset><legend>{label}</legend>{boxes}{notes}</fieldset>"
    if kind == "CHECKBOX":
        checked = " checked" if value else ""
        box = f'<input type="checkbox"{attributes} value="true"{checked}{needed}>'
        return f'<label class="choice">{box} {label}</label>{notes}'
    if field and kind == "DROPDOWN":
        options = "".join(
            f'<option value="{escape(option.key)}"{" selected" if option.key in given else ""}>'
            f"{escape(option.name)}</option>"
            for option in field.options
        )
        control = f'<select{attributes}{needed}><option value=""></option>{options}</select>'
    elif each.target == NOTES:
        control = f'<textarea{attributes} rows="5"{needed}>\n{escape(value)}</textarea>'
    elif each.target == FILE:
        control = f'<input type="file"{attributes}{needed}>'
    else:
        types = {CONTACT_EMAIL: ("email", "email"), CONTACT_PHONE: ("tel", "tel"), CONTACT_NAME: ("text", "name")}
        type_, fill = types.get(each.target, ("date" if kind == "DATE" else "text", "on"))
        control = f'<input type="{type_}" autocomplete="{fill}"{attributes} value="{escape(value)}"{needed}>'
    return f'<label for="{name}">{label}</label>{control}{notes}'


def _consent(shown: Shown) -> str:
    text = shown.form.settings.consent
    if not text:
        return ""
    checked = " checked" if list(shown.answers.get("consent", ())) else ""
    fault = shown.faults.get("consent", "")
    note = f'<p class="fault">{escape(fault)}</p>' if fault else ""
    box = f'<input type="checkbox" name="consent" value="yes" required{checked}>'
    return f'<label class="choice">{box} {_lines(text)}</label>{note}'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
