"""What a scoped API key needs for each route: nouns, each with a level.

A path stands below exactly one entry, without its edition. A path that no entry has needs a key without scopes, and
fails `tests/api/test_key_scopes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...core.context import Ctx
from ...core.records.scopes import ADMIN, ALL_NOUNS, READ, WRITE
from ...errors import Forbidden, MissingScope
from .router import Route

FREE = "free"
"""For every key: the route returns only what the key may see, or asks for the scopes of what it is given."""
WHOLE = "whole"
"""For keys without scopes: the route gives access to what scopes cannot limit, such as keys, passwords and feeds."""

PATHS: dict[str, str] = {
    FREE: """
        /users/me /batch /events /events/stream /search /search/matches /newsfeed /pipelines/{pipeline}/newsfeed /undo
        /trash /trash/{trashed}/restore /trash/{trashed} /pipelines/{pipeline}/newsfeed/export/full
    """,
    WHOLE: """
        /session /session/link /session/link/look /session/forgotten /session/ways /session/password /session/factors
        /session/totp /session/totp/confirm /session/totp/codes /session/totp/remove /session/passkey
        /session/passkey/options /session/passkeys /session/passkeys/options /session/passkeys/{passkey} /sessions
        /sessions/{session} /settings/mail /settings/mail/test /apikeys /apikeys/{apikey} /apikeys/{apikey}/rotate
        /apikeys/{apikey}/usage /apikeys/{apikey}/requests /apps /apps/request /apps/{app} /preferences /mailboxes
        /mailboxes/{mailbox} /mailboxes/{mailbox}/test /mailboxes/{mailbox}/pause /mailboxes/{mailbox}/resume
        /mailboxes/{mailbox}/authorize /mailboxes/{mailbox}/folders /mailboxes/{mailbox}/headers
        /mailboxes/{mailbox}/refusals /mailboxes/{mailbox}/mbox /mailboxes/{mailbox}/share
        /calendars /calendars/{calendar} /calendars/{calendar}/feed.ics
        /streakimports /streakimports/{streakimport} /streakimports/{streakimport}/stop
        /teams/{team}/archive
        /automations/{automation}/rotate /automations/{automation}/test /proposals/{proposal}/approve
        /proposals/{proposal}/reject /files/{file}/download
    """,
    "team": """
        /users/{user} /users/me/teams /teams /teams/{team} /teams/{team}/users /teams/{team}/invitations
        /teams/{team}/members/{user} /teams/{team}/members/{user}/leave /invitations /invitations/{invitation}/resend
        /invitations/{invitation} /teams/{team}/audit /teams/{team}/audit/export
    """,
    "pipelines": """
        /pipelines /pipelines/{pipeline} /pipelines/themes /pipelines/{pipeline}/stages
        /pipelines/{pipeline}/stages/{stage} /pipelines/{pipeline}/fields /pipelines/{pipeline}/fields/{field}
        /pipelines/{pipeline}/views /pipelines/{pipeline}/views/{view} /pipelines/{pipeline}/validators
        /pipelines/{pipeline}/validators/{validator} /pipelines/{pipeline}/history /teams/{team}/openapi
    """,
    "boxes": """
        /boxes /pipelines/{pipeline}/boxes /pipelines/{pipeline}/board /boxes/{box}/place
        /pipelines/{pipeline}/boxes/batch /pipelines/{pipeline}/boxes/upsert /pipelines/{pipeline}/table /boxes/{box}
        /boxes/{box}/md /boxes/{box}/fields /boxes/{box}/fields/{field} /pipelines/{pipeline}/export
        /pipelines/{pipeline}/views/{view}/boxes /boxes/{box}/history /boxes/{box}/timeline /boxes/{box}/newsfeed
        /pipelines/{pipeline}/reports/funnel /pipelines/{pipeline}/reports/time-in-stage
        /pipelines/{pipeline}/reports/over-time /pipelines/{pipeline}/reports/totals
        /pipelines/{pipeline}/formulas/preview
    """,
    "boxes pipelines": """
        /pipelines/import /pipelines/{pipeline}/import /pipelines/{pipeline}/import/preview
        /pipelines/{pipeline}/imports /imports/{import} /imports/{import}/cancel /imports/{import}/refused
    """,
    "tasks": """
        /boxes/{box}/tasks /tasks /tasks/{task} /boxes/{box}/reminders /reminders/{reminder}
    """,
    "comments": """
        /boxes/{box}/comments /comments/{comment} /comments/{comment}/react /comments/{comment}/unreact
    """,
    "meetings": "/boxes/{box}/meetings /meetings/{meeting}",
    "files": "/boxes/{box}/files /files /files/{file} /files/{file}/contents /files/{file}/link",
    "mail": """
        /boxes/{box}/threads /threads/{thread} /threadinfo /threads/{thread}/messages /threads/{thread}/share
        /threads/{thread}/box /threads/{thread}/split /messages/{message} /messages/{message}/view
        /messages/{message}/page /messages/{message}/images/{image} /messages/{message}/raw /boxes/{box}/mbox
        /boxes/{box}/messages /mail/suggestions /mail/suggestions/{suggestion} /mail/suggestions/{suggestion}/box
        /mail/suggestions/{suggestion}/dismiss
        /suppressions /suppressions/export /suppressions/{suppression}
        /mail/blocks /mail/blocks/{block} /pipelines/{pipeline}/mailrules
        /pipelines/{pipeline}/mailrules/{mailrule} /pipelines/{pipeline}/dropbox
        /senders /drafts /drafts/{draft} /drafts/{draft}/files /drafts/{draft}/preview /drafts/{draft}/send
        /letters /letters/{letter} /letters/{letter}/hits /letters/{letter}/cancel /letters/{letter}/resolve
        /sendlaters
        /mailings /mailings/{mailing} /mailings/{mailing}/recipients/{recipient}
        /mailings/{mailing}/preview /mailings/{mailing}/test /mailings/{mailing}/start /mailings/{mailing}/pause
        /mailings/{mailing}/resume /mailings/{mailing}/cancel
        /sequences /sequences/{sequence} /sequences/{sequence}/runs
        /sequenceruns/{sequencerun} /sequenceruns/{sequencerun}/stop
    """,
    "mail boxes": "/mailings/{mailing}/recipients /sequences/{sequence}/start /boxes/{box}/sequenceruns",
    "contacts": """
        /teams/{team}/contacts /teams/{team}/contacts/upsert /teams/{team}/contacts/duplicates
        /teams/{team}/contacts/export /teams/{team}/contacts/import
        /teams/{team}/contacts/fields /teams/{team}/contacts/fields/{field} /contacts/{contact} /contacts/batch/get
        /contacts/{contact}/merge /contacts/{contact}/unmerge /contacts/{contact}/newsfeed /contacts/{contact}/history
    """,
    "contacts boxes": "/contacts/{contact}/boxes",
    "contacts mail": "/contacts/{contact}/threads",
    "organizations": """
        /teams/{team}/organizations /teams/{team}/organizations/upsert /teams/{team}/organizations/duplicates
        /teams/{team}/organizations/export /teams/{team}/organizations/import
        /teams/{team}/organizations/fields /teams/{team}/organizations/fields/{field} /organizations/{organization}
        /organizations/batch/get /organizations/{organization}/merge /organizations/{organization}/unmerge
        /organizations/{organization}/newsfeed /organizations/{organization}/history
    """,
    "organizations boxes": "/organizations/{organization}/boxes",
    "organizations mail": "/organizations/{organization}/threads",
    "snippets": "/snippets /snippets/{snippet}",
    "snippets boxes": "/snippets/{snippet}/render",
    "webhooks": """
        /webhooks /webhooks/{webhook} /webhooks/{webhook}/rotate /webhooks/{webhook}/test /webhooks/{webhook}/replay
        /webhooks/{webhook}/replay/cancel /webhooks/{webhook}/deliveries /deliveries/{delivery}
        /deliveries/{delivery}/resend /pipelines/{pipeline}/webhooks /teams/{team}/webhooks
        /pipelines/{pipeline}/inbound /teams/{team}/inbound /inbound/{inbound} /inbound/{inbound}/rotate
        /inbound/{inbound}/tokens/{token} /inbound/{inbound}/requests /inbound/{inbound}/requests/{request}
        /inbound/{inbound}/requests/{request}/run /teams/{team}/endpoints
    """,
    "automations": """
        /automations/catalogue /automations /pipelines/{pipeline}/automations /teams/{team}/automations
        /automations/{automation} /automations/{automation}/enable /automations/{automation}/disable
        /pipelines/{pipeline}/forms /pipelines/{pipeline}/forms/{form}
    """,
    "automations *": """
        /automations/{automation}/runs /automations/{automation}/runs/{run} /automations/{automation}/runs/{run}/retry
        /automations/{automation}/runs/{run}/again /automations/{automation}/runs/{run}/cancel
    """,
    "proposals": "/proposals /proposals/{proposal}",
    "notifications": """
        /notifications /notifications/stream /notifications/read /notifications/settings /boxes/{box}/following
    """,
}

SETTINGS = frozenset(
    """
    /teams /teams/{team} /teams/{team}/invitations /teams/{team}/members/{user} /teams/{team}/members/{user}/leave
    /invitations/{invitation} /invitations/{invitation}/resend /users/{user} /pipelines /pipelines/{pipeline}
    /pipelines/import /pipelines/{pipeline}/mailrules /pipelines/{pipeline}/mailrules/{mailrule}
    /threads/{thread}/share /teams/{team}/contacts/fields /teams/{team}/contacts/fields/{field}
    /teams/{team}/organizations/fields /teams/{team}/organizations/fields/{field} /webhooks /webhooks/{webhook}
    /webhooks/{webhook}/rotate /pipelines/{pipeline}/webhooks /teams/{team}/webhooks /pipelines/{pipeline}/inbound
    /teams/{team}/inbound /inbound/{inbound} /inbound/{inbound}/rotate /inbound/{inbound}/tokens/{token}
    """.split()
)
"""The paths whose writes need the level `admin`."""
ADMIN_READS = frozenset(("/teams/{team}/audit", "/teams/{team}/audit/export"))
WHOLE_WRITES = frozenset(
    """
    /automations /pipelines/{pipeline}/automations /teams/{team}/automations /automations/{automation}
    /proposals/{proposal} /pipelines/{pipeline}/forms /pipelines/{pipeline}/forms/{form}
    """.split()
)
"""The paths whose writes need a key without scopes: an automation or a form acts with all rights of its owner."""

_NOUNS = {path: nouns for nouns, paths in PATHS.items() for path in paths.split()}


def needs(route: Route) -> tuple[tuple[str, str], ...] | None:
    """Nouns with the levels that a key needs for the route. None if only a key without scopes may use it."""
    path = route.path[len("/v1") :]
    nouns = _NOUNS.get(path, WHOLE)
    if nouns == WHOLE or (route.writes and path in WHOLE_WRITES):
        return None
    if not route.writes:
        level = ADMIN if path in ADMIN_READS else READ
    else:
        level = ADMIN if path in SETTINGS else WRITE
    return () if nouns == FREE else tuple((noun, level) for noun in nouns.split())


def scoped(routes: Iterable[Route]) -> list[Route]:
    """The routes with what a scoped key needs for each."""
    return [msgspec.structs.replace(route, needs=needs(route)) for route in routes]


def only_proposes(ctx: Ctx, route: Route) -> bool:
    """Raise `MissingScope` if the scopes of the key do not suffice for the route. Otherwise return whether the key may
    only propose such a write."""
    scopes = ctx.scopes
    if scopes is None or route.open:
        return False
    if route.needs is None:
        raise Forbidden("This needs an API key without scopes: scopes cannot limit what it gives access to")
    proposes = route.writes and not route.needs and scopes.may_propose
    for noun, level in route.needs:
        if level == WRITE and noun != ALL_NOUNS and scopes.proposes(noun):
            proposes = True
        else:
            ctx.require(noun, level)
    return proposes


def require(ctx: Ctx, route: Route) -> None:
    """Raise `MissingScope` if the key may not use the route, or may only propose it although nothing is proposed."""
    if only_proposes(ctx, route) and not ctx.proposes:
        assert route.needs is not None
        raise MissingScope(" ".join(f"{noun}:{level}" for noun, level in route.needs) or f"{ALL_NOUNS}:{WRITE}")
