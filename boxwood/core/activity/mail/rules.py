"""Rules of a pipeline for mail: mail from or to an address or a domain, or with words in its subject, goes to a box, or
becomes a new box."""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.records import Table
from ....errors import Conflict, Forbidden, Insufficient, Invalid, NotFound
from ....lib import addresses, ids
from ....lib.mail import Mail
from ... import access, boxes, events, persons, pipelines, trash
from ...context import Ctx
from ...pipelines import schema
from ...records import Box, Pipeline
from . import blocks

FROM, TO, SUBJECT = "from", "to", "subject"
MEMBERS = (FROM, TO, SUBJECT)
MOST = 200
"""Rules of a pipeline."""
LEAST_WORD, LONGEST = 3, 200


class MailRule(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    member: str
    """What of a mail the rule looks at: FROM, TO or SUBJECT."""
    value: str
    """An address, a domain (without @, with its subdomains), or for SUBJECT a text; in lower case."""
    box_key: str | None
    """The box that gets the mail; None: each conversation becomes a new box."""
    stage_key: str | None
    """The stage of new boxes; None for the first."""
    creator_key: str
    created_at: int
    updated_at: int

    def fits(self, mail: Mail) -> bool:
        if self.member == SUBJECT:
            return self.value in mail.subject.lower()
        people = [mail.sender] if self.member == FROM else [*mail.to, *mail.cc]
        return any(
            person is not None
            and (person.email == self.value if "@" in self.value else _in_domain(person.email, self.value))
            for person in people
        )


def _in_domain(address: str, domain: str) -> bool:
    return blocks.is_within(address.rpartition("@")[2], frozenset({domain}))


RULES = Table("mail_rules", MailRule)


def list_for_pipeline(ctx: Ctx, pipeline_key: str) -> list[MailRule]:
    """The rules of a pipeline, in the order in which they are tried."""
    pipeline = pipelines.get(ctx, pipeline_key)
    return _of_pipelines(ctx, [pipeline.key])


def get(ctx: Ctx, pipeline_key: str, key: str) -> MailRule:
    for rule in list_for_pipeline(ctx, pipeline_key):
        if rule.key == key:
            return rule
    raise NotFound(key)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> MailRule:
    """Add a rule after the others. `given` holds one of `from`, `to` and `subject`, and `box_key` or `stage_key`."""
    pipeline = _changeable(ctx, pipeline_key)
    if len(_of_pipelines(ctx, [pipeline.key])) >= MOST:
        raise Invalid("from", f"the pipeline has {MOST} rules for mail already: remove some first")
    member, value = _condition(ctx, pipeline, given)
    rule = MailRule(
        key=ids.new("j", ctx.now),
        pipeline_key=pipeline.key,
        member=member,
        value=value,
        box_key=_box(ctx, pipeline, given.get("box_key")),
        stage_key=schema.stage(ctx, pipeline, given["stage_key"]).key if given.get("stage_key") else None,
        creator_key=ctx.actor.key,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    if rule.box_key and rule.stage_key:
        raise Invalid("stageKey", "must not be given together with boxKey: it is the stage of new boxes")
    RULES.insert(ctx.db, rule)
    record_event(ctx, "mail_rule.created", rule, pipeline)
    return rule


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    """Move a rule to the trash."""
    pipeline = _changeable(ctx, pipeline_key)
    rule = get(ctx, pipeline_key, key)
    trash.store(ctx, "mail_rule", key, f"{rule.member}: {rule.value}", pipeline=pipeline)
    ctx.db.run("DELETE FROM mail_rules WHERE key = :key", key=key)
    record_event(ctx, "mail_rule.deleted", rule, pipeline)


def record_event(ctx: Ctx, kind: str, rule: MailRule, pipeline: Pipeline) -> None:
    events.record(ctx, kind, rule, pipeline=pipeline, subject=f"{rule.member}: {rule.value}")


def _changeable(ctx: Ctx, pipeline_key: str) -> Pipeline:
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    return pipeline


def _condition(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any]) -> tuple[str, str]:
    named = [member for member in MEMBERS if given.get(member)]
    if not named:
        raise Insufficient("Rule", FROM)
    if len(named) > 1:
        raise Invalid(named[1], "must not be given together with another condition: create a rule for each")
    member, value = named[0], str(given[named[0]]).strip().lower()
    if member == SUBJECT:
        if not LEAST_WORD <= len(value) <= LONGEST:
            raise Invalid(SUBJECT, f"must have {LEAST_WORD} to {LONGEST} characters")
        return member, value
    if "@" in value.removeprefix("@"):
        return member, persons.check_email(value, member)
    domain = blocks.checked_domain(value, member)
    if domain in addresses.ANYBODYS:
        raise Invalid(member, f"{domain} belongs to a mail provider, not to a company: name an address")
    if domain in team_domains(ctx, pipeline.team_key):
        raise Invalid(member, f"{domain} is the domain of your own team: name an address")
    return member, domain


def team_domains(ctx: Ctx, team_key: str) -> frozenset[str]:
    """The domains of the members' addresses, without those of mail providers."""
    return frozenset(address.rpartition("@")[2] for address in team_addresses(ctx, team_key)) - addresses.ANYBODYS


def team_addresses(ctx: Ctx, team_key: str) -> frozenset[str]:
    """The e-mail addresses of the team's members."""
    rows = ctx.db.rows(
        "SELECT u.email FROM users u JOIN team_members m ON m.user_key = u.key WHERE m.team_key = :team", team=team_key
    )
    return frozenset(address for (address,) in rows)


def _box(ctx: Ctx, pipeline: Pipeline, key: str | None) -> str | None:
    if not key:
        return None
    try:
        box = boxes.reach(ctx, key, "UPDATE")[0]
    except NotFound:
        raise Invalid("boxKey", f"there is no box {key[:100]!r} that you may see") from None
    if box.pipeline_key != pipeline.key:
        raise Invalid("boxKey", "must be the key of a box of this pipeline")
    return box.key


def _of_pipelines(ctx: Ctx, keys: list[str]) -> list[MailRule]:
    among = ctx.db.dialect.among("pipeline_key", "pipelines")
    sql = f"SELECT {RULES.columns} FROM mail_rules WHERE {among} ORDER BY created_at, key"
    return RULES.load_all(ctx.db.rows(sql, pipelines=ctx.db.texts(keys)))


def of_team(ctx: Ctx, team_key: str) -> list[MailRule]:
    """The rules of the team's pipelines that the actor reaches, the oldest first."""
    rows = ctx.db.rows(
        f"""
        SELECT {RULES.of("r")} FROM mail_rules r JOIN pipelines p ON p.key = r.pipeline_key
        WHERE p.team_key = :team AND {access.ROLE} IS NOT NULL ORDER BY r.created_at, r.key
        """,
        team=team_key,
        **ctx.who,
    )
    return RULES.load_all(rows)


def create_box(ctx: Ctx, key: str, mail: Mail) -> Box | None:
    """A new box for a mail, named by its subject. None if the rule was removed, or the actor may not create boxes."""
    row = ctx.db.row(f"SELECT {RULES.columns} FROM mail_rules WHERE key = :key", key=key)
    if row is None:
        return None
    rule = RULES.load(row)
    name = " ".join(mail.subject.split())[:200] or (mail.sender.email if mail.sender else "E-mail")
    given: dict[str, Any] = {"name": name}
    if rule.stage_key:
        given["stage_key"] = rule.stage_key
    try:
        return boxes.create(ctx, rule.pipeline_key, given)
    except (NotFound, Forbidden, Invalid, Conflict):
        return None
