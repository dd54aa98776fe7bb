"""Files over HTTP."""

from __future__ import annotations

from ..core import persons
from ..core.activity import file_links, files
from ..core.activity.files import File
from ..core.context import Ctx
from ..wire.shapes import files as shapes
from ..wire.shapes.lists import SUCCESS, Success
from . import downloads, uploads
from .http.bodies import Body
from .http.call import ALL, Call
from .http.replies import Download, Reply


def shown(ctx: Ctx, found: list[File]) -> list[shapes.FileOut]:
    people = persons.by_key(ctx, {file.owner_key for file in found})
    return [shapes.file(file, people, ctx.actor.key) for file in found]


def list_of_box(call: Call) -> list[shapes.FileOut]:
    """The files of a box, oldest first."""
    limit, offset = call.page(ALL)
    return shown(call.ctx, files.list_for_box(call.ctx, call.path[0], limit=limit, offset=offset))


def get(call: Call) -> shapes.FileOut:
    """A file: its name, type and size."""
    return shown(call.ctx, [files.get(call.ctx, call.path[0])])[0]


def contents(call: Call) -> Reply | Download:
    """The bytes of a file, or a range of them.

    The response is always a download. Types that a browser could run (HTML, SVG, scripts) become
    application/octet-stream.
    """
    return downloads.download(call, files.get_stored(call.ctx, call.path[0]))


def link(call: Call) -> shapes.FileLink:
    """A URL that opens the file without an API key, for an hour, as long as the caller can access the file."""
    file = files.get_stored(call.ctx, call.path[0])
    token, until = file_links.sign(call.ctx, file.key)
    return shapes.FileLink(f"{call.base_url}/api/v2/files/{file.key}/download?token={token}", until)


def follow_link(call: Call) -> Reply | Download:
    """The bytes of a file, by its link, or a range of them. Needs no API key."""
    return downloads.download(call, files.get_stored(call.ctx, call.path[0]))


def link_drive(call: Call) -> shapes.FileOut:
    """Attach a Google Drive file to a box. Boxwood stores its id and does not contact Google."""
    given = call.parse(shapes.DRIVE_LINK)
    file = files.link_drive(
        call.ctx,
        given.get("drive_box_key", ""),
        given.get("drive_file_id", ""),
        name=given.get("file_name", ""),
        mime_type=given.get("mime_type", ""),
    )
    return shown(call.ctx, [file])[0]


async def upload(call: Call, body: Body) -> Reply:
    """Upload a file to a box: one file in a multipart form, or its bytes as the body.

    For bytes, send the name as `fileName` in the query or in the header `X-File-Name`. Boxwood detects the type from
    the bytes.
    """
    box_key = call.path[0]
    await call.read(lambda ctx: files.require_upload(ctx, box_key))
    uploads.check(call)
    async with uploads.announced(call, 1) as (blob,):
        stored = await call.api.aside(uploads.take, call, body, blob)

        def keep(ctx: Ctx) -> shapes.FileOut:
            return shown(ctx, [files.upload(ctx, box_key, stored)])[0]

        return await call.write([stored.name, stored.stored.sha256], keep)


def delete(call: Call) -> Success:
    """Delete a file."""
    files.delete(call.ctx, call.path[0])
    return SUCCESS
