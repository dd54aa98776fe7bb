"""The part of `routes` that is about people: signing in, mail settings, invitations and members."""

from __future__ import annotations

from ..wire.shapes import apps as app_shapes
from ..wire.shapes import mail as mail_shapes
from ..wire.shapes import members as member_shapes
from ..wire.shapes import passkeys as passkey_shapes
from ..wire.shapes import sessions as session_shapes
from ..wire.shapes.lists import Success
from . import apps, mail, members, passkeys, second_factors, sessions
from .http.route_rows import _ask, _delete, _list, _not_dry, _only_reads, _post, _read, _secret, _sign_in, _stream
from .http.router import STREAM, Route

PAGING = ("limit", "page")
PROOF = "a dry run of a sign-in would test a password or a link, and leave no session that its user could see"

_SIGNING_IN = [
    _not_dry(_sign_in("/v2/session", sessions.sign_in, session_shapes.SignedIn, session_shapes.SIGN_IN), PROOF),
    _not_dry(
        _sign_in("/v2/session/link", sessions.sign_in_by_link, session_shapes.SignedIn, session_shapes.LINK), PROOF
    ),
    _only_reads(
        _sign_in("/v2/session/link/look", sessions.look_at_link, session_shapes.SignInLinkOut, session_shapes.LINK_LOOK)
    ),
    _sign_in("/v2/session/forgotten", sessions.forgotten, Success, session_shapes.FORGOTTEN),
    Route("GET", "/v2/session/ways", sessions.ways, STREAM, gives=session_shapes.WaysOut, tag="sessions", open=True),
    _read("/v2/session", sessions.get_current),
    _delete("/v2/session", sessions.sign_out),
    _stream("/v2/session/password", sessions.change_password, Success, takes=session_shapes.PASSWORD_CHANGE),
    _list("/v2/session/factors", second_factors.get),
    _stream("/v2/session/totp", second_factors.begin, session_shapes.AuthenticatorOut, takes=session_shapes.PASSWORD),
    _post("/v2/session/totp/confirm", second_factors.confirm, session_shapes.CODE),
    _stream(
        "/v2/session/totp/codes",
        second_factors.renew_codes,
        session_shapes.RecoveryCodesOut,
        takes=session_shapes.PASSWORD,
    ),
    _stream("/v2/session/totp/remove", second_factors.remove, Success, takes=session_shapes.PASSWORD),
    _not_dry(_sign_in("/v2/session/passkey", passkeys.sign_in, session_shapes.SignedIn, passkey_shapes.USE), PROOF),
    _sign_in(
        "/v2/session/passkey/options", passkeys.to_sign_in, passkey_shapes.PasskeyOptionsOut, passkey_shapes.NOTHING
    ),
    _list("/v2/session/passkeys", passkeys.list_own),
    _post("/v2/session/passkeys", passkeys.add, passkey_shapes.ADD),
    _stream(
        "/v2/session/passkeys/options",
        passkeys.to_add,
        passkey_shapes.PasskeyOptionsOut,
        takes=session_shapes.PASSWORD,
    ),
    _delete("/v2/session/passkeys/{passkey}", passkeys.remove),
    _list("/v2/sessions", sessions.list_own),
    _delete("/v2/sessions", sessions.end_others),
    _delete("/v2/sessions/{session}", sessions.end),
]

ACCOUNTS = [
    # Signing in: session tokens, authenticator secrets and recovery codes
    *map(_secret, _SIGNING_IN),
    # Mail settings
    _list("/v2/settings/mail", mail.get),
    _post("/v2/settings/mail", mail.edit, mail_shapes.MAIL_EDIT),
    _not_dry(
        _stream("/v2/settings/mail/test", mail.test, mail_shapes.MailTestOut, takes=mail_shapes.MAIL_TEST),
        "all it does is to send a mail",
    ),
    # Connected apps
    _list("/v2/apps", apps.list_own, *PAGING),
    _ask("/v2/apps/request", apps.look, app_shapes.APP_REQUEST),
    _secret(_post("/v2/apps", apps.allow, app_shapes.APP_ALLOW)),
    _delete("/v2/apps/{app}", apps.disconnect),
    # Invitations and members
    _list("/v2/teams/{team}/invitations", members.list_of_team, *PAGING),
    _secret(_post("/v2/teams/{team}/invitations", members.invite, member_shapes.INVITE)),
    _post("/v2/teams/{team}/members/{user}", members.set_role, member_shapes.MEMBER_ROLE),
    _post("/v2/teams/{team}/members/{user}/leave", members.leave, member_shapes.LEAVE),
    _list("/v2/invitations", members.list_own, *PAGING),
    _secret(_post("/v2/invitations/{invitation}/resend", members.resend)),
    _delete("/v2/invitations/{invitation}", members.revoke),
]
