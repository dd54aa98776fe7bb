"""The second factor over HTTP."""

from __future__ import annotations

from ..core.accounts import second_factors
from ..core.context import Ctx
from ..errors import Insufficient
from ..wire.shapes import sessions as shapes
from ..wire.shapes.lists import SUCCESS, Success
from . import sessions
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply


def get(call: Call) -> shapes.FactorsOut:
    """Whether the caller signs in with two-factor authentication."""
    return shapes.factors(second_factors.state(call.ctx))


async def begin(call: Call, body: Body) -> Reply:
    """Start adding an authenticator app: its secret, and the URI for a QR code.

    Two-factor authentication is on after you confirm the first code.
    """
    await sessions.check_password(call, body)
    return await call.write([], lambda ctx: shapes.AuthenticatorOut(*second_factors.begin(ctx)))


def confirm(call: Call) -> shapes.RecoveryCodesOut:
    """Confirm the first code of the app, which turns two-factor authentication on.

    The response contains ten recovery codes. They are not shown again.
    """
    given = call.parse(shapes.CODE)
    if not given.get("code"):
        raise Insufficient("Authenticator", "code")
    return shapes.RecoveryCodesOut(second_factors.confirm(call.ctx, given["code"]))


async def renew_codes(call: Call, body: Body) -> Reply:
    """Create ten new recovery codes. The old codes stop working."""
    await sessions.check_password(call, body)
    return await call.write([], lambda ctx: shapes.RecoveryCodesOut(second_factors.renew_codes(ctx)))


async def remove(call: Call, body: Body) -> Reply:
    """Turn two-factor authentication off. The password alone is enough then."""
    await sessions.check_password(call, body)

    def change(ctx: Ctx) -> Success:
        second_factors.remove(ctx)
        return SUCCESS

    return await call.write([], change)
