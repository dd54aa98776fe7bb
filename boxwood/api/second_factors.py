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
    """Whether signing in takes an authenticator's code."""
    return shapes.factors(second_factors.state(call.ctx))


async def begin(call: Call, body: Body) -> Reply:
    """Add an authenticator app: its secret, and the URI for a QR code. It counts once a code was confirmed."""
    await sessions.check_password(call, body)
    return await call.write([], lambda ctx: shapes.AuthenticatorOut(*second_factors.begin(ctx)))


def confirm(call: Call) -> shapes.RecoveryCodesOut:
    """Give the app's first code: signing in takes one from now on. Ten recovery codes, shown this once."""
    given = call.parse(shapes.CODE)
    if not given.get("code"):
        raise Insufficient("Authenticator", "code")
    return shapes.RecoveryCodesOut(second_factors.confirm(call.ctx, given["code"]))


async def renew_codes(call: Call, body: Body) -> Reply:
    """Make ten other recovery codes; the old ones are worth nothing any more."""
    await sessions.check_password(call, body)
    return await call.write([], lambda ctx: shapes.RecoveryCodesOut(second_factors.renew_codes(ctx)))


async def remove(call: Call, body: Body) -> Reply:
    """Remove the authenticator: the password alone is enough again."""
    await sessions.check_password(call, body)

    def change(ctx: Ctx) -> Success:
        second_factors.remove(ctx)
        return SUCCESS

    return await call.write([], change)
