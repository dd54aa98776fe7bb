"""Proposals on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.undo import proposals
from ...core.undo.proposals import Operation, Proposal
from ..codec import Shape
from ..kinds import ANYTHING, FLAG, INTEGER, TEXT, Kind, records
from .base import Out, given


class ProposedFile(Out, omit_defaults=False):
    """The body of a proposed upload, import or message."""

    name: str
    size: int
    type: str


class ProposedOperation(Out, omit_defaults=False):
    """A write of a proposal. `state` is WAITING, APPROVED or REJECTED. `changes` and `effects` are those of its dry
    run. With a `file`, `body` has the members of the query, and `result` is what the dry run answered, such as the
    numbers and rejected rows of an import."""

    number: int
    method: str
    path: str
    body: Any
    state: str
    changes: list[dict[str, Any]]
    effects: dict[str, Any]
    file: ProposedFile | msgspec.UnsetType = msgspec.UNSET
    result: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ProposalOut(Out, omit_defaults=False):
    """`state` is WAITING, APPROVED or REJECTED. `change` is the key of the last approval: send it to undo it. At
    `endTimestamp`, the proposal is deleted."""

    key: str
    state: str
    user_key: str
    api_key_key: str
    api_key_name: str
    operations: list[ProposedOperation]
    note: str
    creation_timestamp: int
    end_timestamp: int
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    decision_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    change: str | msgspec.UnsetType = msgspec.UNSET


def proposal(proposal: Proposal) -> ProposalOut:
    return ProposalOut(
        key=proposal.key,
        state=proposal.state.upper(),
        user_key=proposal.user_key,
        api_key_key=proposal.api_key_key,
        api_key_name=proposal.api_key_name,
        operations=[_operation(operation) for operation in proposal.operations],
        note=proposal.note,
        creation_timestamp=proposal.created_at,
        end_timestamp=proposal.ends_at,
        pipeline_key=given(proposal.pipeline_key),
        team_key=given(proposal.team_key),
        decision_timestamp=given(proposal.decided_at),
        change=given(proposal.change_key),
    )


def _operation(operation: Operation) -> ProposedOperation:
    return ProposedOperation(
        number=operation.number,
        method=operation.method,
        path=operation.path,
        body=operation.body,
        state=operation.state.upper(),
        changes=operation.changes,
        effects=operation.effects,
        file=_file(operation.file) if operation.file is not None else msgspec.UNSET,
        result=given(operation.result),
    )


def _file(file: proposals.ProposedFile) -> ProposedFile:
    return ProposedFile(file.name, file.size, file.headers.get("content-type", ""))


class ApprovalOut(Out, omit_defaults=False):
    """The proposal after the approval, and the answer of each operation that was done."""

    proposal: ProposalOut
    results: list[Any]


def _read_numbers(value: Any) -> list[int]:
    items = value if isinstance(value, list) else str(value).strip("[]").split(",")
    return [INTEGER.read(item) for item in items if item != ""]


NUMBERS = Kind(_read_numbers, {"type": "array", "items": {"type": "integer"}})
_DESCRIBED = {
    "operations": "The numbers of operations. Default: all that wait.",
    "note": "Why: stored with the proposal.",
    "force": "Approve it although something was changed since it was proposed.",
}
APPROVAL = Shape("ProposalApproval", operations=NUMBERS, note=TEXT, force=FLAG, described=_DESCRIBED)
REJECTION = Shape("ProposalRejection", operations=NUMBERS, note=TEXT, described=_DESCRIBED)
OPERATION_EDIT = Shape(
    "ProposedOperationEdit",
    required=("number", "body"),
    number=INTEGER,
    body=ANYTHING,
    described={"body": "The members of the request, in place of those that were proposed."},
)
PROPOSAL_EDIT = Shape("ProposalEdit", required=("operations",), operations=records(OPERATION_EDIT))
