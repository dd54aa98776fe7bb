"""Web forms over HTTP. `api/form_pages` shows them to visitors."""

from __future__ import annotations

from ..core.activity import forms
from ..wire.shapes import forms as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import ALL, Call


def list_page(call: Call) -> Results[shapes.FormOut]:
    """The web forms of a pipeline, oldest first."""
    limit, offset = call.page(ALL)
    found = forms.page(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.form(form, call.base_url) for form in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.FormOut:
    """A web form."""
    return shapes.form(forms.get(call.ctx, *call.path), call.base_url)


def create(call: Call) -> shapes.FormOut:
    """Create a web form: `name`, and optionally its fields and texts. For users who may change the pipeline.

    Its page is at `url`, without signing in. What visitors send becomes a box with a contact, in the name of the user
    who saved the form last.
    """
    return shapes.form(forms.create(call.ctx, call.path[0], call.parse(shapes.FORM_CREATE)), call.base_url)


def edit(call: Call) -> shapes.FormOut:
    """Update a web form. Only the members you send change; the list of fields is replaced. You become its owner."""
    changes = call.parse(shapes.FORM_EDIT)
    return shapes.form(forms.edit(call.ctx, call.path[0], call.path[1], changes), call.base_url)


def delete(call: Call) -> Success:
    """Delete a web form. Its page is gone until the form is restored from the trash; its boxes stay."""
    forms.delete(call.ctx, *call.path)
    return SUCCESS
