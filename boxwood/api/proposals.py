"""Proposals over HTTP: what API keys that may only propose have proposed."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from ..core.undo import proposals
from ..core.undo.proposals import APPROVED, REJECTED, Proposal
from ..errors import Conflict, Invalid
from ..wire.shapes import proposals as shapes
from ..wire.shapes.lists import Results
from .http import proposing
from .http.app import answer
from .http.call import Call
from .http.proposed_files import Works

MOST_NOTE = 2000


def list_page(call: Call) -> Results[shapes.ProposalOut]:
    """The proposals of your API keys, newest first."""
    limit, offset = call.page(50)
    found = proposals.page(call.ctx, state=call.text("state").lower(), limit=limit + 1, offset=offset)
    return Results([proposing.shown(call.ctx, proposal) for proposal in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.ProposalOut:
    """A proposal with its operations: what each would change, and what would follow."""
    return proposing.shown(call.ctx, proposals.get(call.ctx, call.path[0]))


def edit(call: Call) -> shapes.ProposalOut:
    """Change the bodies of operations that wait. Their changes and effects are computed again."""
    given = call.parse(shapes.PROPOSAL_EDIT)
    proposal = proposals.get_for_change(call.ctx, call.path[0])
    if given.get("operations") is None:
        return shapes.proposal(proposal)
    bodies = {each["number"]: each["body"] for each in given["operations"]}
    if not bodies:
        raise Invalid("operations", "is empty: give the number and the new body of each operation")
    wanted = [
        msgspec.structs.replace(operation, body=bodies[operation.number])
        for operation in proposals.chosen(proposal, list(bodies))
    ]
    if any(operation.file is not None for operation in wanted):
        raise Invalid("operations", "cannot be changed if they have a file: reject them, and propose others")
    ctx = replace(call.ctx, within=proposal.within)
    tried = proposing.try_each(call, ctx, wanted, answer)
    edited = [
        msgspec.structs.replace(operation, changes=trial.changes, effects=trial.effects)
        for operation, trial in zip(wanted, tried, strict=True)
    ]
    return shapes.proposal(proposals.edit(call.ctx, proposal, edited))


def approve(call: Call) -> shapes.ApprovalOut:
    """Approve a proposal, or the operations with these numbers: they are done now, as one change of yours.

    If something was changed since, the request fails and says what, unless `force` is true. The header
    `X-Boxwood-Change` of the response undoes all of it.
    """
    given = call.parse(shapes.APPROVAL)
    proposal = proposals.get_for_change(call.ctx, call.path[0])
    operations = proposals.chosen(proposal, given.get("operations"))
    _act(call, proposal)
    works = call.works or Works()
    found = proposing.conflicts(call, call.ctx, operations, answer, works.dry)
    if found and not given.get("force"):
        raise Conflict(f"Something was changed since it was proposed; `force` approves it anyway. {'; '.join(found)}")
    replies = proposing.perform(call, operations, answer, works.dry if call.dry else works.wet)
    decided = proposals.decide(call.ctx, proposal, operations, APPROVED, _note(given.get("note") or ""))
    return shapes.ApprovalOut(shapes.proposal(decided), [msgspec.Raw(reply.body) for reply in replies])


def reject(call: Call) -> shapes.ProposalOut:
    """Reject a proposal, or the operations with these numbers."""
    given = call.parse(shapes.REJECTION)
    proposal = proposals.get_for_change(call.ctx, call.path[0])
    operations = proposals.chosen(proposal, given.get("operations"))
    note = _note(given.get("note") or "")
    return shapes.proposal(proposals.decide(call.ctx, proposal, operations, REJECTED, note))


def _act(call: Call, proposal: Proposal) -> None:
    """Act within the reach that the proposing key had, so that an approval never does more than was proposed."""
    call.ctx = replace(call.ctx, within=proposal.within, via=f"proposal:{proposal.key}")


def _note(text: str) -> str:
    if len(text) > MOST_NOTE:
        raise Invalid("note", f"must not be longer than {MOST_NOTE:,} characters")
    return text
