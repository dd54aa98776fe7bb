"""Every kind of event: its scope, its operation and its sentence. No other file lists the kinds."""

from __future__ import annotations

import msgspec

from .records.scopes import ADMIN, ALL_NOUNS, WRITE


class EventKind(msgspec.Struct, frozen=True):
    """One kind of event."""

    scope: str
    operation: str
    specific: str
    story: str
    """The sentence of the newsfeed, after the author's name. `{box}` stands for the box's name or "this box"."""
    condensed: bool = True
    """Whether newsfeeds show it with `detailLevel=CONDENSED`."""
    quiet: bool = False
    """Quiet events, such as drafts, are in no newsfeed, and start no webhook and no automation."""
    live: bool = False
    """Quiet events that live updates still send, because open screens show what changed."""
    by_itself: bool = False
    """No user caused it: the story is a whole sentence without an author."""


EVENT_KINDS: dict[str, EventKind] = {
    # From its number on, numbers are counted by time (core/events.skip_ahead). Of no user, team or pipeline.
    "server.started": EventKind("SERVER", "EDIT", "START", "The server started", False, quiet=True, by_itself=True),
    "user.signed_in": EventKind("USER", "EDIT", "SIGN_IN", "signed in with {what}", False),
    # Not in newsfeeds or streams: only the team's owners may see it, in the audit log (core/history/audit_log).
    "user.sign_in_failed": EventKind(
        "USER", "EDIT", "FAIL_SIGN_IN", "Signing in as {subject} failed: {what}", False, quiet=True, by_itself=True
    ),
    "user.signed_out": EventKind("USER", "EDIT", "SIGN_OUT", "signed a browser out", False),
    "user.password_changed": EventKind("USER", "EDIT", "CHANGE_PASSWORD", "changed the password", False),
    "user.totp_added": EventKind("USER", "EDIT", "ADD_AUTHENTICATOR", "added an authenticator", False),
    "user.totp_removed": EventKind("USER", "EDIT", "REMOVE_AUTHENTICATOR", "removed the authenticator", False),
    "user.recovery_codes_renewed": EventKind(
        "USER", "EDIT", "RENEW_RECOVERY_CODES", "created new recovery codes", False
    ),
    "user.identity_added": EventKind("USER", "EDIT", "ADD_IDENTITY", "connected sign-in with {what}", False),
    "user.passkey_added": EventKind("USER", "EDIT", "ADD_PASSKEY", "added the passkey {subject}", False),
    "user.passkey_removed": EventKind("USER", "EDIT", "REMOVE_PASSKEY", "removed the passkey {subject}", False),
    "user.reset_asked": EventKind("USER", "EDIT", "ASK_FOR_RESET", "asked to reset the password", False),
    "mail.edited": EventKind("USER", "EDIT", "EDIT_MAIL_SETTINGS", "changed the mail settings", False),
    "team.created": EventKind("TEAM", "CREATE", "NEW_TEAM", "created the team {subject}", False),
    "team.edited": EventKind("TEAM", "EDIT", "EDIT_TEAM", "changed the team {subject}", False),
    "team.import_begun": EventKind("TEAM", "EDIT", "IMPORT_TEAM", "began to import a team from {what}", False),
    "team.exported": EventKind("TEAM", "EDIT", "EXPORT_TEAM", "exported {subject} as {what}", False, quiet=True),
    "member.invited": EventKind("TEAM", "EDIT", "INVITE_MEMBER", "invited {subject} to the team", False),
    "member.uninvited": EventKind("TEAM", "EDIT", "UNINVITE_MEMBER", "revoked the invitation of {subject}", False),
    "member.added": EventKind("TEAM", "EDIT", "ADD_MEMBER", "added {subject} to the team", False),
    "member.joined": EventKind("TEAM", "EDIT", "JOIN_TEAM", "accepted the invitation to the team", False),
    "member.role_changed": EventKind("TEAM", "EDIT", "EDIT_MEMBER_ROLE", "made {subject} {what} of the team", False),
    "member.archived": EventKind("TEAM", "EDIT", "ARCHIVE_MEMBER", "archived {subject}", False),
    "member.left": EventKind("TEAM", "EDIT", "LEAVE_TEAM", "left the team", False),
    "member.removed": EventKind("TEAM", "EDIT", "REMOVE_MEMBER", "removed {subject} from the team", False),
    "key.created": EventKind("USER", "CREATE", "NEW_API_KEY", "created the API key {subject}", False),
    "key.edited": EventKind("USER", "EDIT", "EDIT_API_KEY", "changed the API key {subject}", False),
    "key.rotated": EventKind("USER", "EDIT", "ROTATE_API_KEY", "gave the API key {subject} a new secret", False),
    "key.revoked": EventKind("USER", "DELETE", "REVOKE_API_KEY", "revoked the API key {subject}", False),
    "calendar.created": EventKind("USER", "CREATE", "NEW_CALENDAR", "created the calendar feed {subject}", False),
    "calendar.deleted": EventKind("USER", "DELETE", "DELETE_CALENDAR", "deleted the calendar feed {subject}", False),
    "proposal.created": EventKind("PROPOSAL", "CREATE", "NEW_PROPOSAL", "proposed a change by {subject}", False),
    "proposal.approved": EventKind("PROPOSAL", "EDIT", "APPROVE_PROPOSAL", "approved a proposal of {subject}", False),
    "proposal.rejected": EventKind("PROPOSAL", "EDIT", "REJECT_PROPOSAL", "rejected a proposal of {subject}", False),
    "pipeline.created": EventKind("PIPELINE", "CREATE", "NEW_PIPELINE", "created {pipeline}{what}"),
    "pipeline.edited": EventKind("PIPELINE", "EDIT", "EDIT_PIPELINE", "changed {what} of {pipeline}"),
    "pipeline.shared": EventKind("PIPELINE", "EDIT", "EDIT_SHARING", "changed who can reach {pipeline}"),
    "pipeline.imported": EventKind("PIPELINE", "EDIT", "IMPORT_BOXES", "imported {what} into {pipeline}"),
    # Only in the audit log, like failed sign-ins.
    "pipeline.exported": EventKind(
        "PIPELINE", "EDIT", "EXPORT_BOXES", "exported {pipeline} as {what}", False, quiet=True
    ),
    "pipeline.deleted": EventKind("PIPELINE", "DELETE", "DELETE_PIPELINE", "deleted {pipeline}"),
    "pipeline.restored": EventKind("PIPELINE", "CREATE", "RESTORE_PIPELINE", "restored {pipeline}"),
    "stage.created": EventKind("STAGE", "CREATE", "ADD_STAGE", "added the stage {subject} to {pipeline}"),
    "stage.edited": EventKind(
        "STAGE", "EDIT", "EDIT_STAGE_SETTINGS", "changed the stage {subject} of {pipeline}", False
    ),
    "stage.deleted": EventKind("STAGE", "DELETE", "DELETE_STAGE", "deleted the stage {subject} of {pipeline}"),
    "stage.restored": EventKind("STAGE", "CREATE", "RESTORE_STAGE", "restored the stage {subject} of {pipeline}"),
    "field.created": EventKind("FIELD", "CREATE", "ADD_FIELD", "added the field {subject} to {pipeline}", False),
    "field.edited": EventKind(
        "FIELD", "EDIT", "EDIT_FIELD_SETTINGS", "changed the field {subject} of {pipeline}", False
    ),
    "field.deleted": EventKind("FIELD", "DELETE", "DELETE_FIELD", "deleted the field {subject} of {pipeline}", False),
    "field.restored": EventKind(
        "FIELD", "CREATE", "RESTORE_FIELD", "restored the field {subject} of {pipeline}", False
    ),
    "box.created": EventKind("BOX", "CREATE", "NEW_BOX", "created {box}"),
    "box.moved": EventKind("BOX", "EDIT", "EDIT_STAGE", "moved {box} to {stage}"),
    "box.moved_pipeline": EventKind("BOX", "EDIT", "EDIT_PIPELINE", "moved {box} from {old_pipeline} to {pipeline}"),
    "box.renamed": EventKind("BOX", "EDIT", "EDIT_NAME", "renamed {old_name} to {box}"),
    "box.notes_edited": EventKind("BOX", "EDIT", "EDIT_NOTES", "edited the notes of {box}", False),
    "box.fields_edited": EventKind("BOX", "EDIT", "EDIT_FIELD", "changed {what} of {box}", False),
    "box.assigned": EventKind("BOX", "EDIT", "EDIT_ASSIGNED_TO", "assigned {box} to {what}"),
    "box.followed": EventKind("BOX", "EDIT", "EDIT_FOLLOWERS", "changed the followers of {box}", False),
    "box.linked": EventKind("BOX", "EDIT", "EDIT_LINKED_BOXES", "changed the boxes linked to {box}", False),
    "box.contacts_edited": EventKind("BOX", "EDIT", "EDIT_CONTACTS", "changed the contacts of {box}", False),
    "box.organizations_edited": EventKind(
        "BOX", "EDIT", "EDIT_ORGANIZATIONS", "changed the organizations of {box}", False
    ),
    "box.emails_edited": EventKind("BOX", "EDIT", "EDIT_EMAIL_LISTS", "changed which addresses belong to {box}", False),
    "box.email_added": EventKind("BOX", "EDIT", "NEW_EMAIL_ADDRESS", "added the address {email} to {box}", False),
    "box.marked": EventKind("BOX", "EDIT", "ADD_GOLDEN_MARK", "marked {box} as golden", False),
    "box.unmarked": EventKind("BOX", "EDIT", "REMOVE_GOLDEN_MARK", "removed the golden mark from {box}", False),
    "box.placed": EventKind("BOX", "EDIT", "EDIT_PLACE", "moved {box} on the board", False, True, live=True),
    "box.deleted": EventKind("BOX", "DELETE", "DELETE_BOX", "deleted {box}"),
    "box.restored": EventKind("BOX", "CREATE", "RESTORE_BOX", "restored {box}"),
    "task.created": EventKind("TASK", "CREATE", "ADD_TASK", "added the task {subject} to {box}"),
    "task.edited": EventKind("TASK", "EDIT", "EDIT_TASK", "changed the task {subject} of {box}", False),
    "task.rescheduled": EventKind(
        "TASK", "EDIT", "EDIT_TASK_DUE_DATE", "changed when {subject} of {box} is due", False
    ),
    "task.assigned": EventKind("TASK", "EDIT", "EDIT_TASK_ASSIGNED_TO", "assigned {subject} of {box} to {what}", False),
    "task.completed": EventKind("TASK", "EDIT", "COMPLETE_TASK", "completed the task {subject} of {box}"),
    "task.reopened": EventKind("TASK", "EDIT", "REOPEN_TASK", "reopened the task {subject} of {box}"),
    "task.due": EventKind("TASK", "EDIT", "TASK_DUE", "The task {subject} of {box} is due", by_itself=True),
    "task.deleted": EventKind("TASK", "DELETE", "DELETE_TASK", "deleted the task {subject} of {box}"),
    "task.restored": EventKind("TASK", "CREATE", "RESTORE_TASK", "restored the task {subject} of {box}"),
    "task.drafted": EventKind("TASK", "EDIT", "DRAFT_TASK", "drafted a task of {box}", False, quiet=True),
    "comment.created": EventKind("COMMENT", "CREATE", "ADD_COMMENT", "commented on {box}: {subject}"),
    "comment.edited": EventKind("COMMENT", "EDIT", "EDIT_COMMENT", "changed a comment on {box}: {subject}", False),
    "comment.deleted": EventKind("COMMENT", "DELETE", "DELETE_COMMENT", "deleted a comment on {box}"),
    "comment.restored": EventKind("COMMENT", "CREATE", "RESTORE_COMMENT", "restored a comment on {box}: {subject}"),
    "comment.reacted": EventKind("COMMENT", "EDIT", "ADD_REACTION", "reacted {what} to a comment on {box}", False),
    "comment.unreacted": EventKind(
        "COMMENT", "EDIT", "DELETE_REACTION", "took {what} back from a comment on {box}", False
    ),
    "meeting.created": EventKind("MEETING", "CREATE", "ADD_MEETING", "logged {what} on {box}"),
    "meeting.edited": EventKind("MEETING", "EDIT", "EDIT_MEETING", "changed {what} of {box}", False),
    "meeting.deleted": EventKind("MEETING", "DELETE", "DELETE_MEETING", "deleted {what} of {box}"),
    "meeting.restored": EventKind("MEETING", "CREATE", "RESTORE_MEETING", "restored {what} of {box}"),
    "meeting.drafted": EventKind("MEETING", "EDIT", "DRAFT_MEETING", "drafted {what} of {box}", False, quiet=True),
    "box.email_received": EventKind("BOX", "EDIT", "NEW_EMAIL", "{email} wrote to {box}", False, by_itself=True),
    "thread.added": EventKind("THREAD", "CREATE", "ADD_THREAD", "added the conversation {subject} to {box}"),
    "thread.removed": EventKind("THREAD", "DELETE", "DELETE_THREAD", "removed the conversation {subject} from {box}"),
    "thread.restored": EventKind("THREAD", "CREATE", "RESTORE_THREAD", "restored the conversation {subject} of {box}"),
    "message.added": EventKind(
        "MESSAGE", "CREATE", "ADD_MESSAGE", "added the mail {subject} from {email} to {box}", False
    ),
    "message.sent": EventKind("MESSAGE", "CREATE", "SEND_MESSAGE", "sent the mail {subject} to {what}, on {box}"),
    "sequence.created": EventKind("SEQUENCE", "CREATE", "NEW_SEQUENCE", "created the sequence {subject}"),
    "sequence.edited": EventKind("SEQUENCE", "EDIT", "EDIT_SEQUENCE", "changed the sequence {subject}", False),
    "sequence.deleted": EventKind("SEQUENCE", "DELETE", "DELETE_SEQUENCE", "deleted the sequence {subject}"),
    "sequence.restored": EventKind("SEQUENCE", "CREATE", "RESTORE_SEQUENCE", "restored the sequence {subject}"),
    "sequence.started": EventKind("SEQUENCE", "EDIT", "START_SEQUENCE", "started the sequence {subject} for {email}"),
    "sequence.stopped": EventKind(
        "SEQUENCE", "EDIT", "STOP_SEQUENCE", "The sequence {subject} for {email} stopped: {reason}", by_itself=True
    ),
    "sequence.finished": EventKind(
        "SEQUENCE", "EDIT", "FINISH_SEQUENCE", "The sequence {subject} for {email} is finished", False, by_itself=True
    ),
    "sequence.failed": EventKind(
        "SEQUENCE", "EDIT", "FAIL_SEQUENCE", "The sequence {subject} for {email} failed: {reason}", by_itself=True
    ),
    # Only the user of a mailing sees these.
    "mailing.created": EventKind("MAIL", "CREATE", "NEW_MAILING", "created the mailing {subject}", False),
    "mailing.edited": EventKind("MAIL", "EDIT", "EDIT_MAILING", "changed the mailing {subject}", False),
    "mailing.deleted": EventKind("MAIL", "DELETE", "DELETE_MAILING", "deleted the mailing {subject}", False),
    "mailing.started": EventKind("MAIL", "EDIT", "START_MAILING", "started the mailing {subject}"),
    "mailing.paused": EventKind("MAIL", "EDIT", "PAUSE_MAILING", "paused the mailing {subject}", False),
    "mailing.resumed": EventKind("MAIL", "EDIT", "RESUME_MAILING", "resumed the mailing {subject}", False),
    "mailing.cancelled": EventKind("MAIL", "EDIT", "CANCEL_MAILING", "cancelled the mailing {subject}"),
    "mailing.finished": EventKind(
        "MAIL", "EDIT", "FINISH_MAILING", "The mailing {subject} is finished", by_itself=True
    ),
    "mailing.failed": EventKind("MAIL", "EDIT", "FAIL_MAILING", "could not go on with the mailing {subject}: {reason}"),
    # Only the author of a letter sees these.
    "letter.scheduled": EventKind("MAIL", "CREATE", "SCHEDULE_LETTER", "scheduled the mail {subject}", False),
    "letter.cancelled": EventKind("MAIL", "EDIT", "CANCEL_LETTER", "cancelled the mail {subject}", False),
    "letter.resolved": EventKind("MAIL", "EDIT", "RESOLVE_LETTER", "took the mail {subject} back as a draft", False),
    "letter.refused": EventKind("MAIL", "EDIT", "REFUSE_LETTER", "could not send the mail {subject}: {reason}"),
    "letter.doubtful": EventKind(
        "MAIL", "EDIT", "DOUBT_LETTER", "does not know whether the mail {subject} was sent: decide about it"
    ),
    "message.bounced": EventKind(
        "MESSAGE",
        "EDIT",
        "BOUNCE_MESSAGE",
        "The mail {subject} did not reach {email}: {reason}",
        by_itself=True,
    ),
    "message.opened": EventKind(
        "MESSAGE", "EDIT", "OPEN_MESSAGE", "The mail {subject} of {box} was opened", False, by_itself=True
    ),
    "message.clicked": EventKind(
        "MESSAGE", "EDIT", "CLICK_MESSAGE", "A link in the mail {subject} of {box} was clicked", False, by_itself=True
    ),
    "thread.shared": EventKind(
        "THREAD", "EDIT", "EDIT_THREAD_SHARE", "changed who sees the conversation {subject} of {box}", False
    ),
    "thread.split": EventKind("THREAD", "EDIT", "SPLIT_THREAD", "split the conversation {subject} of {box}", False),
    "mail_suggestion.boxed": EventKind("MAIL", "EDIT", "BOX_MAIL", "chose boxes for an e-mail", False),
    "mail_suggestion.dismissed": EventKind("MAIL", "EDIT", "DISMISS_MAIL", "left an e-mail out of all boxes", False),
    "mail_suggestion.restored": EventKind(
        "MAIL", "EDIT", "RESTORE_MAIL_SUGGESTION", "took back a decision about an e-mail", False
    ),
    "mail_block.created": EventKind("MAIL", "CREATE", "ADD_MAIL_BLOCK", "blocked mail from {subject}", False),
    "mail_block.deleted": EventKind("MAIL", "DELETE", "DELETE_MAIL_BLOCK", "allowed mail from {subject} again", False),
    "mail_block.restored": EventKind(
        "MAIL", "CREATE", "RESTORE_MAIL_BLOCK", "blocked mail from {subject} again", False
    ),
    "suppression.created": EventKind("MAIL", "CREATE", "ADD_SUPPRESSION", "stopped all mail to {subject}", False),
    "suppression.noticed": EventKind(
        "MAIL", "CREATE", "NOTICE_SUPPRESSION", "Mail to {subject} is stopped: {reason}", False, by_itself=True
    ),
    "suppression.deleted": EventKind("MAIL", "DELETE", "DELETE_SUPPRESSION", "allowed mail to {subject} again", False),
    "suppression.restored": EventKind(
        "MAIL", "CREATE", "RESTORE_SUPPRESSION", "stopped all mail to {subject} again", False
    ),
    "mail_rule.created": EventKind(
        "MAIL", "CREATE", "ADD_MAIL_RULE", "added the rule for mail {subject} to {pipeline}", False
    ),
    "mail_rule.deleted": EventKind(
        "MAIL", "DELETE", "DELETE_MAIL_RULE", "deleted the rule for mail {subject} of {pipeline}", False
    ),
    "mail_rule.restored": EventKind(
        "MAIL", "CREATE", "RESTORE_MAIL_RULE", "restored the rule for mail {subject} of {pipeline}", False
    ),
    "file.added": EventKind("FILE", "CREATE", "ADD_FILE", "added the file {subject} to {box}"),
    "file.deleted": EventKind("FILE", "DELETE", "DELETE_FILE", "deleted the file {subject} of {box}"),
    "file.restored": EventKind("FILE", "CREATE", "RESTORE_FILE", "restored the file {subject} of {box}"),
    "snippet.created": EventKind("SNIPPET", "CREATE", "ADD_SNIPPET", "added the snippet {subject}", False),
    "snippet.edited": EventKind("SNIPPET", "EDIT", "EDIT_SNIPPET", "changed the snippet {subject}", False),
    "snippet.deleted": EventKind("SNIPPET", "DELETE", "DELETE_SNIPPET", "deleted the snippet {subject}", False),
    "snippet.restored": EventKind("SNIPPET", "CREATE", "RESTORE_SNIPPET", "restored the snippet {subject}", False),
    "view.created": EventKind("VIEW", "CREATE", "ADD_VIEW", "added the view {subject} to {pipeline}", False),
    "view.edited": EventKind("VIEW", "EDIT", "EDIT_VIEW", "changed the view {subject} of {pipeline}", False),
    "view.deleted": EventKind("VIEW", "DELETE", "DELETE_VIEW", "deleted the view {subject} of {pipeline}", False),
    "view.restored": EventKind("VIEW", "CREATE", "RESTORE_VIEW", "restored the view {subject} of {pipeline}", False),
    "validator.created": EventKind(
        "VALIDATOR", "CREATE", "ADD_VALIDATOR", "added the rule {subject} to {pipeline}", False
    ),
    "validator.edited": EventKind(
        "VALIDATOR", "EDIT", "EDIT_VALIDATOR", "changed the rule {subject} of {pipeline}", False
    ),
    "validator.deleted": EventKind(
        "VALIDATOR", "DELETE", "DELETE_VALIDATOR", "deleted the rule {subject} of {pipeline}", False
    ),
    "form.created": EventKind("FORM", "CREATE", "ADD_FORM", "added the form {subject} to {pipeline}", False),
    "form.edited": EventKind("FORM", "EDIT", "EDIT_FORM", "changed the form {subject} of {pipeline}", False),
    "form.deleted": EventKind("FORM", "DELETE", "DELETE_FORM", "deleted the form {subject} of {pipeline}", False),
    "form.restored": EventKind("FORM", "CREATE", "RESTORE_FORM", "restored the form {subject} of {pipeline}", False),
    "webhook.created": EventKind("WEBHOOK", "CREATE", "NEW_WEBHOOK", "subscribed to {subject}", False),
    "webhook.edited": EventKind("WEBHOOK", "EDIT", "EDIT_WEBHOOK", "changed the subscription to {subject}", False),
    "webhook.deleted": EventKind("WEBHOOK", "DELETE", "DELETE_WEBHOOK", "ended the subscription to {subject}", False),
    "webhook.restored": EventKind("WEBHOOK", "CREATE", "RESTORE_WEBHOOK", "subscribed to {subject} again", False),
    "webhook.missed": EventKind(
        "WEBHOOK", "EDIT", "MISS_DELIVERY", "missed one {subject}: no attempt succeeded", False
    ),
    "webhook.switched_off": EventKind(
        "WEBHOOK", "EDIT", "SWITCH_OFF_WEBHOOK", "is no longer sent {subject}: nothing but failures for five days"
    ),
    "webhook.gone": EventKind(
        "WEBHOOK", "DELETE", "LOSE_WEBHOOK", "is no longer sent {subject}: its receiver ended it", False
    ),
    "inbound.created": EventKind("INBOUND", "CREATE", "NEW_INBOUND", "created the inbound webhook {subject}", False),
    "inbound.edited": EventKind("INBOUND", "EDIT", "EDIT_INBOUND", "changed the inbound webhook {subject}", False),
    "inbound.deleted": EventKind("INBOUND", "DELETE", "DELETE_INBOUND", "deleted the inbound webhook {subject}", False),
    "inbound.restored": EventKind(
        "INBOUND", "CREATE", "RESTORE_INBOUND", "restored the inbound webhook {subject}", False
    ),
    # Not in newsfeeds: there may be thousands an hour.
    "hook.received": EventKind(
        "INBOUND", "EDIT", "CALL_INBOUND", "{subject} was called", False, quiet=True, by_itself=True
    ),
    "mailbox.created": EventKind("MAILBOX", "CREATE", "ADD_MAILBOX", "added the mailbox {subject}", False),
    "mailbox.edited": EventKind("MAILBOX", "EDIT", "EDIT_MAILBOX", "changed the mailbox {subject}", False),
    "mailbox.deleted": EventKind("MAILBOX", "DELETE", "DELETE_MAILBOX", "removed the mailbox {subject}", False),
    "mailbox.connected": EventKind("MAILBOX", "EDIT", "CONNECT_MAILBOX", "connected the mailbox {subject}", False),
    "mailbox.failed": EventKind("MAILBOX", "EDIT", "LOSE_MAILBOX", "no longer receives mail from {subject}: {reason}"),
    "automation.created": EventKind("AUTOMATION", "CREATE", "NEW_AUTOMATION", "added the automation {subject}", False),
    "automation.edited": EventKind("AUTOMATION", "EDIT", "EDIT_AUTOMATION", "changed the automation {subject}", False),
    "automation.enabled": EventKind(
        "AUTOMATION", "EDIT", "ENABLE_AUTOMATION", "switched on the automation {subject}", False
    ),
    "automation.disabled": EventKind(
        "AUTOMATION", "EDIT", "DISABLE_AUTOMATION", "switched off the automation {subject}", False
    ),
    "automation.paused": EventKind(
        "AUTOMATION", "EDIT", "PAUSE_AUTOMATION", "The automation {subject} was switched off: {reason}", by_itself=True
    ),
    "automation.restored": EventKind(
        "AUTOMATION", "CREATE", "RESTORE_AUTOMATION", "restored the automation {subject}", False
    ),
    "automation.deleted": EventKind(
        "AUTOMATION", "DELETE", "DELETE_AUTOMATION", "deleted the automation {subject}", False
    ),
    "contact.created": EventKind("CONTACT", "CREATE", "NEW_CONTACT", "created the contact {subject}"),
    "contact.edited": EventKind("CONTACT", "EDIT", "EDIT_CONTACT", "changed {what} of the contact {subject}", False),
    "contact.merged": EventKind("CONTACT", "EDIT", "MERGE_CONTACT", "merged {what} into the contact {subject}"),
    "contact.unmerged": EventKind(
        "CONTACT", "EDIT", "UNMERGE_CONTACT", "undid the merge of {what} into the contact {subject}"
    ),
    "contact.restored": EventKind("CONTACT", "CREATE", "RESTORE_CONTACT", "restored the contact {subject}"),
    "contact.deleted": EventKind("CONTACT", "DELETE", "DELETE_CONTACT", "deleted the contact {subject}"),
    "organization.created": EventKind(
        "ORGANIZATION", "CREATE", "NEW_ORGANIZATION", "created the organization {subject}"
    ),
    "organization.edited": EventKind(
        "ORGANIZATION", "EDIT", "EDIT_ORGANIZATION", "changed {what} of the organization {subject}", False
    ),
    "organization.merged": EventKind(
        "ORGANIZATION", "EDIT", "MERGE_ORGANIZATION", "merged {what} into the organization {subject}"
    ),
    "organization.unmerged": EventKind(
        "ORGANIZATION", "EDIT", "UNMERGE_ORGANIZATION", "undid the merge of {what} into the organization {subject}"
    ),
    "organization.restored": EventKind(
        "ORGANIZATION", "CREATE", "RESTORE_ORGANIZATION", "restored the organization {subject}"
    ),
    "organization.deleted": EventKind(
        "ORGANIZATION", "DELETE", "DELETE_ORGANIZATION", "deleted the organization {subject}"
    ),
}


QUIET = tuple(name for name, kind in EVENT_KINDS.items() if kind.quiet)


FOLLOWER_KINDS = frozenset(
    "box.moved box.moved_pipeline box.deleted box.email_received comment.created task.completed meeting.created "
    "file.added thread.added".split()
)
"""Events of a box that notify its followers."""


FAILURE_KINDS = frozenset(
    "webhook.switched_off webhook.gone webhook.missed automation.paused mailbox.failed letter.refused "
    "letter.doubtful mailing.failed".split()
)
"""Failures of a webhook, an automation, a mailbox or a letter that notify its owner."""


NOTIFYING_KINDS = (
    FOLLOWER_KINDS
    | FAILURE_KINDS
    | {"box.created", "box.assigned", "task.created", "task.assigned", "task.due", "comment.edited", "proposal.created"}
    | {"message.bounced"}
)
"""All events that may notify users (see `history/notifications`)."""

# The noun of scopes for each noun of kinds, and of the trash.
_NOUNS = {
    "server": "team",
    "user": "team",
    "team": "team",
    "member": "team",
    "key": "team",
    "calendar": "team",
    "mail": "team",
    "mailbox": "mail",
    "mail_block": "mail",
    "mail_rule": "mail",
    "suppression": "mail",
    "mail_suggestion": "mail",
    "thread": "mail",
    "message": "mail",
    "letter": "mail",
    "mailing": "mail",
    "sequence": "mail",
    "proposal": "proposals",
    "pipeline": "pipelines",
    "stage": "pipelines",
    "field": "pipelines",
    "view": "pipelines",
    "validator": "pipelines",
    "box": "boxes",
    "task": "tasks",
    "comment": "comments",
    "meeting": "meetings",
    "file": "files",
    "snippet": "snippets",
    "webhook": "webhooks",
    "inbound": "webhooks",
    "hook": "webhooks",
    "automation": "automations",
    "form": "automations",
    "contact": "contacts",
    "organization": "organizations",
}


_SETTINGS = frozenset("pipeline webhook inbound automation form mail_rule team member".split())


def level_of(kind: str) -> str:
    """The level of scopes that a key needs to take events of this kind back."""
    return ADMIN if kind.partition(".")[0] in _SETTINGS else WRITE


def noun_of(kind: str) -> str:
    """The noun of scopes (see `records/scopes`) that a key must be allowed to read to see events of this kind. A kind
    without a noun here needs every noun."""
    return "mail" if kind == "box.email_received" else _NOUNS.get(kind.partition(".")[0], ALL_NOUNS)
