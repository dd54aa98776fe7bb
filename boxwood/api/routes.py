"""The whole API: verb, path, handler, and what it takes; signing in and members are in `account_routes`. Both
editions answer under either prefix where only one has the path (see `router`). Paths are below `/api`.
"""

from __future__ import annotations

from ..core.activity import calendars as calendar_feeds
from ..core.activity import file_links
from ..wire.shapes import automations as automation_shapes
from ..wire.shapes import boards as board_shapes
from ..wire.shapes import boxes as box_shapes
from ..wire.shapes import calendars as calendar_shapes
from ..wire.shapes import comments as comment_shapes
from ..wire.shapes import directory as directory_shapes
from ..wire.shapes import drafts as draft_shapes
from ..wire.shapes import files as file_shapes
from ..wire.shapes import forms as form_shapes
from ..wire.shapes import imports as import_shapes
from ..wire.shapes import inbound as inbound_shapes
from ..wire.shapes import incoming_mail as mail_shapes
from ..wire.shapes import mailboxes as mailbox_shapes
from ..wire.shapes import mailings as mailing_shapes
from ..wire.shapes import meetings as meeting_shapes
from ..wire.shapes import notifications as notification_shapes
from ..wire.shapes import people as people_shapes
from ..wire.shapes import pipelines as pipeline_shapes
from ..wire.shapes import preferences as preference_shapes
from ..wire.shapes import proposals as proposal_shapes
from ..wire.shapes import sequences as sequence_shapes
from ..wire.shapes import snippets as snippet_shapes
from ..wire.shapes import stages as stage_shapes
from ..wire.shapes import streak_imports as streak_shapes
from ..wire.shapes import suppressions as suppression_shapes
from ..wire.shapes import tasks as task_shapes
from ..wire.shapes import teams as team_shapes
from ..wire.shapes import threads as thread_shapes
from ..wire.shapes import validators as validator_shapes
from ..wire.shapes import views as view_shapes
from ..wire.shapes import webhooks as webhook_shapes
from ..wire.shapes.lists import Results
from . import (
    audit,
    automations,
    batch,
    boards,
    boxes,
    calendars,
    comments,
    deliveries,
    drafts,
    entry_tables,
    events,
    exports,
    files,
    forms,
    history,
    imports,
    inbound,
    incoming_mail,
    key_usage,
    letters,
    mailboxes,
    mailings,
    markdown,
    meetings,
    message_views,
    messages,
    notifications,
    people,
    pipelines,
    preferences,
    proposals,
    reports,
    search,
    sequences,
    snippets,
    streak_imports,
    suppressions,
    tables,
    tasks,
    team_archives,
    team_document,
    threads,
    timeline,
    validators,
    views,
    webhooks,
)
from .account_routes import ACCOUNTS
from .entries import CONTACT_HANDLERS, ORGANIZATION_HANDLERS
from .http.route_rows import (
    _ask,
    _delete,
    _list,
    _not_dry,
    _only_reads,
    _post,
    _put,
    _read,
    _reads_files,
    _secret,
    _stream,
)
from .http.route_scopes import scoped
from .http.router import LIST, STREAM, Route
from .team_fields import CONTACT_FIELDS, ORG_FIELDS

NO_ENTITY = "existing entity does not exist"
PAGING = ("limit", "page")
NAMES = "names"
TABLES = ("text/csv", "application/x-ndjson", "application/json", "application/octet-stream", "multipart/form-data")
IMPORT = ("mapping", "onlyMapped", "match", "make", "dates", "format", "encoding", "delimiter", "sheet")
EXPORT = ("format", "view", "filter", "sort", "fields", "stageKey", "bom", "mails", "include", "of")
FORM, ANY, RFC822 = "multipart/form-data", "application/octet-stream", "message/rfc822"
ENTRY_TABLE = ("mapping", "match", "encoding", "delimiter", "sheet")
SELECTED = ("updatedSince", "filter", "sort", "fields", "cursor")
TABLE = ("view", "filter", "sort", "fields", "by", "sums", "limit", NAMES)
BOARD = ("view", "filter", "sort", "fields", "by", "sums", "column", "cursor", "limit", NAMES)
AUDIT = ("kind", "actor", "from", "to")
REPORT = ("filter", "from", "to", "won", "lost")
CURSOR = ("cursor", "limit", "after")
INSISTING = "overrideValidation"
TIMELINE = ("direction", "startTimestamp", "limit", "filters", "nextPageToken")
AGENDA = ("direction", "includeCompleted", "limit", "pipelineKey", "sortOrder", "userKeys")

_TABLE = [
    *ACCOUNTS,
    # Users, teams and keys
    _read("/v1/users/me", people.get_me),
    _read("/v1/users/{user}", people.get_user),
    _post("/v1/users/{user}", people.edit_user, people_shapes.USER_EDIT),
    _list("/v1/apikeys", people.list_keys, *PAGING),
    _secret(_put("/v1/apikeys", people.create_key, people_shapes.API_KEY_CREATE)),
    _read("/v1/apikeys/{apikey}", people.get_key),
    _post("/v1/apikeys/{apikey}", people.edit_key, people_shapes.API_KEY_EDIT),
    _secret(_post("/v2/apikeys/{apikey}/rotate", people.rotate_key, people_shapes.API_KEY_ROTATE)),
    _list("/v2/apikeys/{apikey}/usage", key_usage.get, "days"),
    _list("/v2/apikeys/{apikey}/requests", key_usage.list_requests),
    _delete("/v1/apikeys/{apikey}", people.delete_key),
    _list("/v2/users/me/teams", people.list_teams, *PAGING),
    _post("/v2/teams", people.create_team, team_shapes.TEAM_CREATE),
    _list("/v2/teams/{team}", people.get_team),
    _post("/v2/teams/{team}", people.edit_team, team_shapes.TEAM_EDIT),
    _list("/v2/teams/{team}/users", people.list_team_users, *PAGING),
    _read("/v2/preferences", preferences.get),
    _post("/v2/preferences", preferences.edit, preference_shapes.PREFERENCES_EDIT),
    # Pipelines
    _list("/v1/pipelines", pipelines.list_v1, "counts", "sortBy", *PAGING),
    _put("/v1/pipelines", pipelines.create, pipeline_shapes.PIPELINE_CREATE),
    _list("/v1/pipelines/{pipeline}", pipelines.get),
    _post("/v1/pipelines/{pipeline}", pipelines.edit, pipeline_shapes.PIPELINE_EDIT, says=NO_ENTITY),
    _delete("/v1/pipelines/{pipeline}", pipelines.delete_v1),
    _list("/v2/pipelines", pipelines.list_v2, "sortBy", "counts", *PAGING),
    _post("/v2/pipelines", pipelines.create, pipeline_shapes.PIPELINE_CREATE),
    _read("/v2/pipelines/themes", pipelines.list_themes),
    _list("/v2/pipelines/{pipeline}", pipelines.get),
    _post("/v2/pipelines/{pipeline}", pipelines.edit, pipeline_shapes.PIPELINE_EDIT, says=NO_ENTITY),
    _delete("/v2/pipelines/{pipeline}", pipelines.delete_v2),
    # Mailboxes
    _list("/v2/mailboxes", mailboxes.list_own, *PAGING),
    _post("/v2/mailboxes", mailboxes.create, mailbox_shapes.MAILBOX_CREATE),
    _list("/v2/mailboxes/{mailbox}", mailboxes.get),
    _post("/v2/mailboxes/{mailbox}", mailboxes.edit, mailbox_shapes.MAILBOX_EDIT),
    _delete("/v2/mailboxes/{mailbox}", mailboxes.delete),
    _not_dry(
        _stream("/v2/mailboxes/{mailbox}/test", mailboxes.test, mailbox_shapes.MailboxTestOut),
        "all it does is to sign in to the mail servers",
    ),
    _post("/v2/mailboxes/{mailbox}/pause", mailboxes.pause),
    _post("/v2/mailboxes/{mailbox}/resume", mailboxes.resume),
    _post("/v2/mailboxes/{mailbox}/share", mailboxes.share_stored, mailbox_shapes.SHARE_STORED),
    _not_dry(
        _secret(_post("/v2/mailboxes/{mailbox}/authorize", mailboxes.authorize)), "its link works only if it is stored"
    ),
    _list("/v2/mailboxes/{mailbox}/folders", mailboxes.list_folders),
    _only_reads(
        _stream(
            "/v2/mailboxes/{mailbox}/headers",
            mailboxes.headers,
            Results[mailbox_shapes.MailHeadersOut],
            takes=mailbox_shapes.HEADERS_ASK,
        )
    ),
    _list("/v2/mailboxes/{mailbox}/mbox", mailboxes.mbox),
    _list("/v2/pipelines/{pipeline}/dropbox", mailboxes.dropbox_address),
    _list("/v2/mailboxes/{mailbox}/refusals", mailboxes.list_refusals, *PAGING),
    # Drafts and letters
    _list("/v2/senders", drafts.list_senders),
    _list("/v2/drafts", drafts.list_own, "boxKey", "threadKey", "mailboxKey", *PAGING),
    _post("/v2/drafts", drafts.create, draft_shapes.DRAFT_CREATE),
    _list("/v2/drafts/{draft}", drafts.get),
    _post("/v2/drafts/{draft}", drafts.edit, draft_shapes.DRAFT_EDIT),
    _delete("/v2/drafts/{draft}", drafts.delete),
    _stream(
        "/v2/drafts/{draft}/files", drafts.attach, draft_shapes.DraftOut, FORM, ANY, query=("fileName", "contentId")
    ),
    _ask("/v2/drafts/{draft}/preview", drafts.preview, draft_shapes.DRAFT_PREVIEW),
    _post("/v2/drafts/{draft}/send", drafts.send, draft_shapes.DRAFT_SEND),
    _list("/v2/letters", letters.list_own, "state", "boxKey", "mailboxKey", "mailingKey", *PAGING),
    _list("/v2/letters/{letter}", letters.get),
    _list("/v2/letters/{letter}/hits", letters.list_hits, *PAGING),
    _post("/v2/letters/{letter}/cancel", letters.cancel),
    _post("/v2/letters/{letter}/resolve", letters.resolve, draft_shapes.LETTER_RESOLVE),
    _post("/v2/sendlaters", letters.create, draft_shapes.SEND_LATER),
    # Mailings
    _list("/v2/mailings", mailings.list_own, *PAGING),
    _post("/v2/mailings", mailings.create, mailing_shapes.MAILING_CREATE),
    _list("/v2/mailings/{mailing}", mailings.get),
    _post("/v2/mailings/{mailing}", mailings.edit, mailing_shapes.MAILING_EDIT),
    _delete("/v2/mailings/{mailing}", mailings.delete),
    _list("/v2/mailings/{mailing}/recipients", mailings.list_recipients, "state", *PAGING),
    _post("/v2/mailings/{mailing}/recipients", mailings.choose, mailing_shapes.RECIPIENTS_CHOOSE),
    _post("/v2/mailings/{mailing}/recipients/{recipient}", mailings.edit_recipient, mailing_shapes.RECIPIENT_EDIT),
    _ask("/v2/mailings/{mailing}/preview", mailings.preview, mailing_shapes.RECIPIENT_CHOSEN),
    _post("/v2/mailings/{mailing}/test", mailings.test, mailing_shapes.RECIPIENT_CHOSEN),
    _post("/v2/mailings/{mailing}/start", mailings.start, mailing_shapes.MAILING_START),
    _post("/v2/mailings/{mailing}/pause", mailings.pause),
    _post("/v2/mailings/{mailing}/resume", mailings.resume),
    _post("/v2/mailings/{mailing}/cancel", mailings.cancel),
    # Sequences
    _list("/v2/sequences", sequences.list_all, "pipelineKey", *PAGING),
    _post("/v2/sequences", sequences.create, sequence_shapes.SEQUENCE_CREATE),
    _list("/v2/sequences/{sequence}", sequences.get),
    _post("/v2/sequences/{sequence}", sequences.edit, sequence_shapes.SEQUENCE_EDIT),
    _delete("/v2/sequences/{sequence}", sequences.delete),
    _list("/v2/sequences/{sequence}/runs", sequences.list_runs, *PAGING),
    _post("/v2/sequences/{sequence}/start", sequences.start, sequence_shapes.SEQUENCE_START),
    _list("/v2/boxes/{box}/sequenceruns", sequences.list_runs_of_box, *PAGING),
    _list("/v2/sequenceruns/{sequencerun}", sequences.get_run),
    _post("/v2/sequenceruns/{sequencerun}/stop", sequences.stop_run),
    # Stages
    _list("/v1/pipelines/{pipeline}/stages", pipelines.list_stages),
    _list("/v1/pipelines/{pipeline}/stages/{stage}", pipelines.get_stage),
    _put("/v1/pipelines/{pipeline}/stages", pipelines.create_stage, stage_shapes.STAGE),
    _post("/v1/pipelines/{pipeline}/stages/{stage}", pipelines.edit_stage, stage_shapes.STAGE),
    _delete("/v1/pipelines/{pipeline}/stages/{stage}", pipelines.delete_stage),
    _list("/v2/pipelines/{pipeline}/stages", pipelines.list_stages),
    _list("/v2/pipelines/{pipeline}/stages/{stage}", pipelines.get_stage),
    _post("/v2/pipelines/{pipeline}/stages", pipelines.create_stage, stage_shapes.STAGE),
    _post("/v2/pipelines/{pipeline}/stages/{stage}", pipelines.edit_stage, stage_shapes.STAGE),
    _delete("/v2/pipelines/{pipeline}/stages/{stage}", pipelines.delete_stage),
    # Fields
    _read("/v1/pipelines/{pipeline}/fields", pipelines.list_fields),
    _read("/v1/pipelines/{pipeline}/fields/{field}", pipelines.get_field),
    _put("/v1/pipelines/{pipeline}/fields", pipelines.create_field, pipeline_shapes.FIELD_CREATE),
    _post("/v2/pipelines/{pipeline}/fields", pipelines.create_field, pipeline_shapes.FIELD_CREATE),
    _post("/v1/pipelines/{pipeline}/fields/{field}", pipelines.edit_field, pipeline_shapes.FIELD_EDIT, "addOnly"),
    _delete("/v1/pipelines/{pipeline}/fields/{field}", pipelines.delete_field),
    Route(
        "POST",
        "/v2/pipelines/{pipeline}/formulas/preview",
        pipelines.preview_formula,
        LIST,
        pipeline_shapes.FORMULA_PREVIEW,
        ("limit",),
    ),
    # Boxes
    _list("/v1/boxes", boxes.list_v1, "sortBy", "updatedSince", NAMES, *PAGING),
    _list("/v1/pipelines/{pipeline}/boxes", boxes.list_v1, "sortBy", "stageKey", "updatedSince", NAMES, *PAGING),
    _list("/v2/pipelines/{pipeline}/boxes", boxes.list_v2, "sortBy", "stageKey", "offset", NAMES, *PAGING, *SELECTED),
    _list("/v2/pipelines/{pipeline}/board", boards.get, *BOARD),
    _post("/v2/boxes/{box}/place", boards.put, board_shapes.PLACE),
    _put("/v1/pipelines/{pipeline}/boxes", boxes.create, box_shapes.BOX_CREATE, NAMES, INSISTING),
    _post("/v1/pipelines/{pipeline}/boxes", boxes.create, box_shapes.BOX_CREATE, NAMES, INSISTING),
    _post("/v2/pipelines/{pipeline}/boxes", boxes.create, box_shapes.BOX_CREATE, NAMES, INSISTING),
    _post("/v2/pipelines/{pipeline}/boxes/batch", boxes.batch_move, None, NAMES, INSISTING),
    _post("/v2/pipelines/{pipeline}/boxes/upsert", boxes.upsert, boxes.UPSERT, NAMES, INSISTING),
    _secret(_post("/v2/batch", batch.run, batch.BATCH, INSISTING)),
    _list("/v2/pipelines/{pipeline}/table", tables.get, *TABLE),
    _ask("/v1/pipelines/{pipeline}/boxes/batch", boxes.batch_get, None, "fields", NAMES),
    _read("/v1/boxes/{box}", boxes.get, "fields", "asOf", NAMES),
    _post("/v1/boxes/{box}", boxes.edit, box_shapes.BOX_EDIT, NAMES, INSISTING, says=NO_ENTITY),
    _delete("/v1/boxes/{box}", boxes.delete),
    _list("/v1/boxes/{box}/md", markdown.of_box, "maxTokens"),
    _read("/v1/boxes/{box}/fields", boxes.list_values, NAMES),
    _read("/v1/boxes/{box}/fields/{field}", boxes.get_value, NAMES),
    _post("/v1/boxes/{box}/fields/{field}", boxes.set_value, boxes.VALUE, NAMES, INSISTING),
    # Imports from Streak
    _list("/v2/streakimports", streak_imports.list_own, *PAGING),
    _post("/v2/streakimports", streak_imports.create, streak_shapes.STREAK_IMPORT),
    _list("/v2/streakimports/{streakimport}", streak_imports.get),
    _post("/v2/streakimports/{streakimport}/stop", streak_imports.stop),
    # Calendar feeds
    _list("/v2/calendars", calendars.list_own, *PAGING),
    _secret(_post("/v2/calendars", calendars.create, calendar_shapes.CALENDAR_CREATE)),
    _read("/v2/calendars/{calendar}", calendars.get),
    _delete("/v2/calendars/{calendar}", calendars.delete),
    Route(
        "GET",
        "/v2/calendars/{calendar}/feed.ics",
        calendars.read,
        LIST,
        query=("token",),
        open=True,
        accepts=calendar_feeds.accept,
    ),
    # Exports and imports
    _list("/v2/pipelines/{pipeline}/export", exports.export, *EXPORT),
    _stream(
        "/v2/pipelines/import",
        imports.create_pipeline,
        import_shapes.ImportOut,
        "application/json",
        FORM,
        query=("teamKey", "name", "make", "wait"),
    ),
    _stream(
        "/v2/pipelines/{pipeline}/import", imports.create, import_shapes.ImportOut, *TABLES, query=(*IMPORT, "wait")
    ),
    _only_reads(
        _stream(
            "/v2/pipelines/{pipeline}/import/preview", imports.preview, import_shapes.PreviewOut, *TABLES, query=IMPORT
        )
    ),
    _list("/v2/pipelines/{pipeline}/imports", imports.list_page, *PAGING),
    _list("/v2/imports/{import}", imports.get),
    _post("/v2/imports/{import}/cancel", imports.cancel),
    _list("/v2/imports/{import}/refused", imports.refused, "after", "limit"),
    # Tasks, and the reminders they once were
    _list("/v2/boxes/{box}/tasks", tasks.of_box, *PAGING),
    _post("/v2/boxes/{box}/tasks", tasks.create, task_shapes.TASK_CREATE),
    _list("/v2/tasks", tasks.list_agenda, *AGENDA),
    _read("/v2/tasks/{task}", tasks.get),
    _post("/v2/tasks/{task}", tasks.edit, task_shapes.TASK_EDIT),
    _delete("/v2/tasks/{task}", tasks.delete),
    _list("/v1/boxes/{box}/reminders", tasks.list_reminders, *PAGING),
    _put("/v1/boxes/{box}/reminders", tasks.create_reminder, task_shapes.REMINDER),
    _read("/v1/reminders/{reminder}", tasks.get_reminder),
    _post("/v1/reminders/{reminder}", tasks.edit_reminder, task_shapes.REMINDER),
    _delete("/v1/reminders/{reminder}", tasks.delete_reminder),
    # Comments
    _list("/v1/boxes/{box}/comments", comments.list_v1, *PAGING),
    _put("/v1/boxes/{box}/comments", comments.create, comment_shapes.COMMENT_CREATE),
    _list("/v2/boxes/{box}/comments", comments.list_v2, *PAGING),
    _post("/v2/boxes/{box}/comments", comments.create, comment_shapes.COMMENT_CREATE),
    _read("/v2/comments/{comment}", comments.get),
    _post("/v2/comments/{comment}", comments.edit, comment_shapes.COMMENT_EDIT),
    _delete("/v2/comments/{comment}", comments.delete),
    _post("/v2/comments/{comment}/react", comments.react, comment_shapes.REACTION),
    _post("/v2/comments/{comment}/unreact", comments.unreact, comment_shapes.REACTION),
    # Meetings and call logs
    _list("/v2/boxes/{box}/meetings", meetings.of_box, *PAGING),
    _post("/v2/boxes/{box}/meetings", meetings.create, meeting_shapes.MEETING_CREATE),
    _read("/v2/meetings/{meeting}", meetings.get),
    _post("/v2/meetings/{meeting}", meetings.edit, meeting_shapes.MEETING_EDIT),
    _delete("/v2/meetings/{meeting}", meetings.delete),
    # Web forms
    _list("/v2/pipelines/{pipeline}/forms", forms.list_page, *PAGING),
    _post("/v2/pipelines/{pipeline}/forms", forms.create, form_shapes.FORM_CREATE),
    _read("/v2/pipelines/{pipeline}/forms/{form}", forms.get),
    _post("/v2/pipelines/{pipeline}/forms/{form}", forms.edit, form_shapes.FORM_EDIT),
    _delete("/v2/pipelines/{pipeline}/forms/{form}", forms.delete),
    # Saved views
    _list("/v2/pipelines/{pipeline}/views", views.list_page, *PAGING),
    _post("/v2/pipelines/{pipeline}/views", views.create, view_shapes.VIEW_CREATE),
    _read("/v2/pipelines/{pipeline}/views/{view}", views.get),
    _post("/v2/pipelines/{pipeline}/views/{view}", views.edit, view_shapes.VIEW_EDIT),
    _delete("/v2/pipelines/{pipeline}/views/{view}", views.delete),
    _list("/v2/pipelines/{pipeline}/views/{view}/boxes", views.list_boxes, "fields", "cursor", "limit", NAMES),
    # Validation rules
    _list("/v2/pipelines/{pipeline}/validators", validators.list_page, *PAGING),
    _post("/v2/pipelines/{pipeline}/validators", validators.create, validator_shapes.VALIDATOR_CREATE),
    _list("/v2/pipelines/{pipeline}/validators/{validator}", validators.get),
    _post("/v2/pipelines/{pipeline}/validators/{validator}", validators.edit, validator_shapes.VALIDATOR_EDIT),
    _delete("/v2/pipelines/{pipeline}/validators/{validator}", validators.delete),
    # Contacts and organizations
    _list("/v2/teams/{team}/contacts", CONTACT_HANDLERS.list_page, *CURSOR),
    _post("/v2/teams/{team}/contacts", CONTACT_HANDLERS.create, directory_shapes.CONTACT, "getIfExisting"),
    _post("/v2/teams/{team}/contacts/upsert", CONTACT_HANDLERS.upsert, directory_shapes.CONTACT),
    _list("/v2/teams/{team}/contacts/export", entry_tables.export_contacts, "format", "bom"),
    _stream(
        "/v2/teams/{team}/contacts/import",
        entry_tables.import_contacts,
        entry_tables.EntryImportOut,
        *TABLES,
        query=ENTRY_TABLE,
    ),
    _list("/v2/teams/{team}/contacts/duplicates", CONTACT_HANDLERS.duplicates, "cursor", "limit"),
    _read("/v2/teams/{team}/contacts/fields", CONTACT_FIELDS.list_all),
    _put("/v2/teams/{team}/contacts/fields", CONTACT_FIELDS.create, team_shapes.TEAM_FIELD_CREATE),
    _post("/v2/teams/{team}/contacts/fields", CONTACT_FIELDS.create, team_shapes.TEAM_FIELD_CREATE),
    _read("/v2/teams/{team}/contacts/fields/{field}", CONTACT_FIELDS.get),
    _post("/v2/teams/{team}/contacts/fields/{field}", CONTACT_FIELDS.edit, team_shapes.TEAM_FIELD_EDIT, "addOnly"),
    _delete("/v2/teams/{team}/contacts/fields/{field}", CONTACT_FIELDS.delete),
    _read("/v2/contacts/{contact}", CONTACT_HANDLERS.get),
    _post("/v2/contacts/{contact}", CONTACT_HANDLERS.edit, directory_shapes.CONTACT),
    _delete("/v2/contacts/{contact}", CONTACT_HANDLERS.delete),
    _ask("/v2/contacts/batch/get", CONTACT_HANDLERS.batch_get, None),
    _post("/v2/contacts/{contact}/merge", CONTACT_HANDLERS.merge, directory_shapes.MERGE),
    _post("/v2/contacts/{contact}/unmerge", CONTACT_HANDLERS.unmerge),
    _list("/v2/contacts/{contact}/newsfeed", CONTACT_HANDLERS.newsfeed, *PAGING),
    _list("/v2/contacts/{contact}/boxes", CONTACT_HANDLERS.list_boxes, *PAGING),
    _list("/v2/teams/{team}/organizations", ORGANIZATION_HANDLERS.list_page, *CURSOR),
    _post(
        "/v2/teams/{team}/organizations", ORGANIZATION_HANDLERS.create, directory_shapes.ORGANIZATION, "getIfExisting"
    ),
    _post("/v2/teams/{team}/organizations/upsert", ORGANIZATION_HANDLERS.upsert, directory_shapes.ORGANIZATION),
    _list("/v2/teams/{team}/organizations/export", entry_tables.export_organizations, "format", "bom"),
    _stream(
        "/v2/teams/{team}/organizations/import",
        entry_tables.import_organizations,
        entry_tables.EntryImportOut,
        *TABLES,
        query=ENTRY_TABLE,
    ),
    _list("/v2/teams/{team}/organizations/duplicates", ORGANIZATION_HANDLERS.duplicates, "cursor", "limit"),
    _read("/v2/teams/{team}/organizations/fields", ORG_FIELDS.list_all),
    _put("/v2/teams/{team}/organizations/fields", ORG_FIELDS.create, team_shapes.TEAM_FIELD_CREATE),
    _post("/v2/teams/{team}/organizations/fields", ORG_FIELDS.create, team_shapes.TEAM_FIELD_CREATE),
    _read("/v2/teams/{team}/organizations/fields/{field}", ORG_FIELDS.get),
    _post(
        "/v2/teams/{team}/organizations/fields/{field}",
        ORG_FIELDS.edit,
        team_shapes.TEAM_FIELD_EDIT,
        "addOnly",
    ),
    _delete("/v2/teams/{team}/organizations/fields/{field}", ORG_FIELDS.delete),
    _list("/v2/organizations/{organization}", ORGANIZATION_HANDLERS.get),
    _post("/v2/organizations/{organization}", ORGANIZATION_HANDLERS.edit, directory_shapes.ORGANIZATION),
    _delete("/v2/organizations/{organization}", ORGANIZATION_HANDLERS.delete),
    _ask("/v2/organizations/batch/get", ORGANIZATION_HANDLERS.batch_get, None),
    _post("/v2/organizations/{organization}/merge", ORGANIZATION_HANDLERS.merge, directory_shapes.MERGE),
    _post("/v2/organizations/{organization}/unmerge", ORGANIZATION_HANDLERS.unmerge),
    _list("/v2/organizations/{organization}/newsfeed", ORGANIZATION_HANDLERS.newsfeed, *PAGING),
    _list("/v2/organizations/{organization}/boxes", ORGANIZATION_HANDLERS.list_boxes, *PAGING),
    # Files
    _list("/v1/boxes/{box}/files", files.list_of_box, *PAGING),
    _stream("/v2/boxes/{box}/files", files.upload, file_shapes.FileOut, FORM, ANY, query=("fileName",)),
    _post("/v2/files", files.link_drive, file_shapes.DRIVE_LINK),
    _list("/v1/files/{file}", files.get),
    _list("/v1/files/{file}/contents", files.contents),
    _secret(_list("/v1/files/{file}/link", files.link)),
    Route(
        "GET",
        "/v2/files/{file}/download",
        files.follow_link,
        LIST,
        query=("token",),
        open=True,
        accepts=file_links.accept,
    ),
    _delete("/v2/files/{file}", files.delete),
    # Threads and their messages
    _list("/v1/boxes/{box}/threads", threads.list_of_box, *PAGING),
    _put("/v1/boxes/{box}/threads", threads.add, thread_shapes.THREAD_ADD),
    _list("/v1/threads/{thread}", threads.get),
    _delete("/v1/threads/{thread}", threads.remove),
    _ask("/v1/threadinfo", threads.find, None, "hexGmailThreadId"),
    _list("/v2/threads/{thread}/messages", messages.list_of_thread, *PAGING),
    _post("/v2/threads/{thread}/share", threads.share, mail_shapes.THREAD_SHARE),
    _post("/v2/threads/{thread}/box", threads.add_to_box, mail_shapes.THREAD_BOX),
    _post("/v2/threads/{thread}/split", threads.split, mail_shapes.THREAD_SPLIT),
    _list("/v2/messages/{message}", messages.get),
    _list("/v2/messages/{message}/view", message_views.view, "images"),
    _list("/v2/messages/{message}/page", message_views.page, "images"),
    Route("GET", "/v2/messages/{message}/images/{image}", message_views.image, STREAM),
    _list("/v2/messages/{message}/raw", messages.raw),
    _list("/v2/boxes/{box}/mbox", threads.mbox),
    _list("/v2/contacts/{contact}/threads", threads.list_of_contact, *PAGING),
    _list("/v2/organizations/{organization}/threads", threads.list_of_organization, *PAGING),
    _stream(
        "/v2/boxes/{box}/messages", messages.add, thread_shapes.MessageOut, RFC822, takes=thread_shapes.MESSAGE_ADD
    ),
    # Mail: what waits for a decision, blocked senders, rules of pipelines
    _list("/v2/mail/suggestions", incoming_mail.list_suggestions, *PAGING),
    _list("/v2/mail/suggestions/{suggestion}", incoming_mail.get_suggestion),
    _post("/v2/mail/suggestions/{suggestion}/box", incoming_mail.box_suggestion, mail_shapes.SUGGESTION_BOX),
    _post("/v2/mail/suggestions/{suggestion}/dismiss", incoming_mail.dismiss_suggestion),
    _list("/v2/suppressions", suppressions.list_page, "teamKey", "reason", "address", *PAGING),
    _post("/v2/suppressions", suppressions.create, suppression_shapes.SUPPRESSION_CREATE),
    _list("/v2/suppressions/export", suppressions.export, "teamKey", "reason", "address"),
    _list("/v2/suppressions/{suppression}", suppressions.get),
    _delete("/v2/suppressions/{suppression}", suppressions.delete),
    _list("/v2/mail/blocks", incoming_mail.list_blocks, *PAGING),
    _post("/v2/mail/blocks", incoming_mail.create_block, mail_shapes.BLOCK_CREATE),
    _list("/v2/mail/blocks/{block}", incoming_mail.get_block),
    _delete("/v2/mail/blocks/{block}", incoming_mail.delete_block),
    _list("/v2/pipelines/{pipeline}/mailrules", incoming_mail.list_rules),
    _post("/v2/pipelines/{pipeline}/mailrules", incoming_mail.create_rule, mail_shapes.RULE_CREATE),
    _list("/v2/pipelines/{pipeline}/mailrules/{mailrule}", incoming_mail.get_rule),
    _delete("/v2/pipelines/{pipeline}/mailrules/{mailrule}", incoming_mail.delete_rule),
    # Snippets
    _list("/v1/snippets", snippets.list_all, *PAGING),
    _put("/v1/snippets", snippets.create, snippet_shapes.SNIPPET_CREATE),
    _list("/v1/snippets/{snippet}", snippets.get),
    _post("/v1/snippets/{snippet}", snippets.edit, snippet_shapes.SNIPPET_EDIT),
    _delete("/v1/snippets/{snippet}", snippets.delete),
    _ask("/v2/snippets/{snippet}/render", snippets.render, snippet_shapes.SNIPPET_RENDER),
    # Webhooks
    _secret(_post("/v2/webhooks", webhooks.create, webhook_shapes.WEBHOOK_CREATE, "pipelineKey", "teamKey")),
    _read("/v2/webhooks/{webhook}", webhooks.get),
    _post("/v2/webhooks/{webhook}", webhooks.edit, webhook_shapes.WEBHOOK_EDIT),
    _delete("/v2/webhooks/{webhook}", webhooks.delete),
    _secret(_post("/v2/webhooks/{webhook}/rotate", webhooks.rotate)),
    _post("/v2/webhooks/{webhook}/test", deliveries.test),
    _post("/v2/webhooks/{webhook}/replay", deliveries.replay, webhook_shapes.REPLAY),
    _post("/v2/webhooks/{webhook}/replay/cancel", deliveries.cancel),
    _list("/v2/webhooks/{webhook}/deliveries", deliveries.list_of_webhook, "state", *PAGING),
    _list("/v2/deliveries/{delivery}", deliveries.get),
    _post("/v2/deliveries/{delivery}/resend", deliveries.resend),
    _list("/v2/pipelines/{pipeline}/webhooks", webhooks.list_of_pipeline, *PAGING),
    _secret(_post("/v2/pipelines/{pipeline}/webhooks", webhooks.create_in_pipeline, webhook_shapes.WEBHOOK_CREATE)),
    _list("/v2/teams/{team}/webhooks", webhooks.list_of_team, *PAGING),
    _secret(_post("/v2/teams/{team}/webhooks", webhooks.create_in_team, webhook_shapes.WEBHOOK_CREATE)),
    # Inbound webhooks
    _list("/v2/pipelines/{pipeline}/inbound", inbound.list_of_pipeline, *PAGING),
    _secret(_post("/v2/pipelines/{pipeline}/inbound", inbound.create_in_pipeline, inbound_shapes.INBOUND_CREATE)),
    _list("/v2/teams/{team}/inbound", inbound.list_of_team, *PAGING),
    _secret(_post("/v2/teams/{team}/inbound", inbound.create_in_team, inbound_shapes.INBOUND_CREATE)),
    _read("/v2/inbound/{inbound}", inbound.get),
    _secret(_post("/v2/inbound/{inbound}", inbound.edit, inbound_shapes.INBOUND_EDIT)),
    _delete("/v2/inbound/{inbound}", inbound.delete),
    _secret(_post("/v2/inbound/{inbound}/rotate", inbound.rotate, inbound_shapes.INBOUND_ROTATE)),
    _delete("/v2/inbound/{inbound}/tokens/{token}", inbound.end_token),
    _list("/v2/inbound/{inbound}/requests", inbound.list_requests, *PAGING),
    _list("/v2/inbound/{inbound}/requests/{request}", inbound.get_request),
    _post("/v2/inbound/{inbound}/requests/{request}/run", inbound.run_again),
    _list("/v2/teams/{team}/endpoints", inbound.list_endpoints),
    # Automations
    _read("/v2/automations/catalogue", automations.catalogue),
    _secret(
        _post("/v2/automations", automations.create, automation_shapes.AUTOMATION_CREATE, "pipelineKey", "teamKey")
    ),
    _list("/v2/pipelines/{pipeline}/automations", automations.list_of_pipeline, *PAGING),
    _secret(
        _post(
            "/v2/pipelines/{pipeline}/automations", automations.create_in_pipeline, automation_shapes.AUTOMATION_CREATE
        )
    ),
    _list("/v2/teams/{team}/automations", automations.list_of_team, *PAGING),
    _secret(_post("/v2/teams/{team}/automations", automations.create_in_team, automation_shapes.AUTOMATION_CREATE)),
    _read("/v2/automations/{automation}", automations.get),
    _post("/v2/automations/{automation}", automations.edit, automation_shapes.AUTOMATION_EDIT),
    _delete("/v2/automations/{automation}", automations.delete),
    _post("/v2/automations/{automation}/enable", automations.enable),
    _post("/v2/automations/{automation}/disable", automations.disable),
    _secret(_post("/v2/automations/{automation}/rotate", automations.rotate)),
    _post("/v2/automations/{automation}/test", automations.test, automation_shapes.AUTOMATION_TEST),
    _list("/v2/automations/{automation}/runs", automations.list_runs, "state", "boxKey", *PAGING),
    _post("/v2/automations/{automation}/runs", automations.start, automation_shapes.AUTOMATION_RUN),
    _list("/v2/automations/{automation}/runs/{run}", automations.get_run),
    _post("/v2/automations/{automation}/runs/{run}/retry", automations.retry),
    _post("/v2/automations/{automation}/runs/{run}/again", automations.again),
    _post("/v2/automations/{automation}/runs/{run}/cancel", automations.cancel),
    # Events
    _list("/v2/events", events.list_page, "after", "pipelineKey", "limit"),
    _list("/v2/events/stream", events.stream, "after", "pipelineKey"),
    # History
    _list("/v2/boxes/{box}/history", history.of_box, "cursor", "limit"),
    _list("/v2/contacts/{contact}/history", history.of_contact, "cursor", "limit"),
    _list("/v2/organizations/{organization}/history", history.of_organization, "cursor", "limit"),
    _list("/v2/pipelines/{pipeline}/history", history.of_pipeline, "cursor", "limit"),
    _post("/v2/undo", history.undo_change, history.UNDO),
    _list("/v2/trash", history.list_trash, "noun", "teamKey", "cursor", "limit"),
    _post("/v2/trash/{trashed}/restore", history.restore),
    _delete("/v2/trash/{trashed}", history.forget),
    # Proposals
    _list("/v2/proposals", proposals.list_page, "state", *PAGING),
    _list("/v2/proposals/{proposal}", proposals.get),
    _post("/v2/proposals/{proposal}", proposals.edit, proposal_shapes.PROPOSAL_EDIT),
    _reads_files(_post("/v2/proposals/{proposal}/approve", proposals.approve, proposal_shapes.APPROVAL)),
    _post("/v2/proposals/{proposal}/reject", proposals.reject, proposal_shapes.REJECTION),
    # Timeline
    _list("/v2/boxes/{box}/timeline", timeline.list_page, *TIMELINE),
    # Notifications
    _list("/v2/notifications", notifications.list_page, "unread", "reason", "cursor", "limit"),
    _list("/v2/notifications/stream", notifications.stream),
    _post("/v2/notifications/read", notifications.mark, notification_shapes.MARK),
    _read("/v2/notifications/settings", notifications.get_settings),
    _post("/v2/notifications/settings", notifications.edit_settings, notification_shapes.SETTINGS),
    _read("/v2/boxes/{box}/following", notifications.get_following),
    _post("/v2/boxes/{box}/following", notifications.follow, notification_shapes.FOLLOW),
    # The audit log
    _list("/v2/teams/{team}/archive", team_archives.export),
    _list("/v2/teams/{team}/audit", audit.list_page, *AUDIT, "cursor", "limit"),
    _list("/v2/teams/{team}/audit/export", audit.export, *AUDIT, "format"),
    # Reports
    _list("/v2/pipelines/{pipeline}/reports/funnel", reports.funnel, *REPORT),
    _list("/v2/pipelines/{pipeline}/reports/time-in-stage", reports.time_in_stage, *REPORT),
    _list("/v2/pipelines/{pipeline}/reports/over-time", reports.over_time, *REPORT, "interval", "timezone", "sums"),
    _list("/v2/pipelines/{pipeline}/reports/totals", reports.totals, *REPORT, "by", "sums"),
    _list("/v2/teams/{team}/openapi", team_document.of_team),
    # Search
    _list("/v1/search", search.search, "query", "name", "pipelineKey", "stageKey", "teamKey", *PAGING),
    _list("/v2/search/matches", search.matches, "query", "noun", "pipelineKey", "stageKey", "teamKey", *PAGING),
    # Newsfeeds
    _list("/v1/newsfeed", boxes.whole_newsfeed, "detailLevel", *PAGING),
    _list("/v1/pipelines/{pipeline}/newsfeed", boxes.pipeline_newsfeed, "detailLevel", *PAGING),
    _list("/v1/boxes/{box}/newsfeed", boxes.box_newsfeed, "detailLevel", *PAGING),
    Route(
        "PUT",
        "/v1/pipelines/{pipeline}/newsfeed/export/full",
        boxes.export_newsfeed,
        LIST,
        query=("includeSpecifics", "startTimestamp"),
    ),
]
ROUTES = scoped(_TABLE)
