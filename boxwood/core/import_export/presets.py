"""Presets: recognizes the exports of other programs by the headings of their columns, and knows where these go.

The headings are those that the programs document and write in English. A column that a preset does not name goes by its
name, as in any other table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ...lib.tables import plain
from .column_names import ASSIGNEES, CONTACTS, CREATED, LINKED, NAME, NOTES, ORGANIZATIONS, STAGE

BOXES, OF_CONTACTS, OF_ORGANIZATIONS = "boxes", "contacts", "organizations"


class Preset(msgspec.Struct, frozen=True):
    """What an export of a program looks like."""

    key: str
    title: str
    """The program, and what it exports."""
    noun: str
    """What its rows are here: boxes, contacts or organizations."""
    heads: tuple[str, ...]
    """The headings that an export must have."""
    columns: Mapping[str, str | None] = {}
    """Where columns go whose name does not say it. None for columns that are of no use here."""
    any_of: tuple[str, ...] = ()
    """The headings of which it must have one."""

    @property
    def makes(self) -> list[str]:
        """What an import should be allowed to create, so that no row is rejected for it: stages, contacts."""
        sent = set(self.columns.values())
        return [word for word, needs in _MAKES.items() if not sent.isdisjoint(needs)]


_MAKES = {"stages": (STAGE,), "contacts": LINKED}

_HUBSPOT = dict.fromkeys(
    ("Record ID", "Pipeline", "Associated Contact IDs", "Associated Company IDs", "Last Modified Date")
)
PRESETS = (
    Preset(
        "streak-boxes",
        "Streak boxes",
        BOXES,
        ("Name", "Stage", "Box Key"),
        {"Box Key": None, "Pipeline": None, "Creation Date": CREATED, "Date Created": CREATED, "Contacts": CONTACTS},
    ),
    Preset(
        "hubspot-deals",
        "HubSpot deals",
        BOXES,
        ("Deal Name", "Deal Stage"),
        {
            **_HUBSPOT,
            "Deal Name": NAME,
            "Deal Stage": STAGE,
            "Deal owner": ASSIGNEES,
            "Create Date": CREATED,
            "Associated Contact": CONTACTS,
            "Associated Company": ORGANIZATIONS,
        },
        ("Record ID", "Deal owner", "Close Date"),
    ),
    Preset(
        "hubspot-contacts",
        "HubSpot contacts",
        OF_CONTACTS,
        ("First Name", "Last Name", "Email"),
        any_of=("Contact owner", "Marketing contact status", "Record ID - Contact"),
    ),
    Preset("hubspot-companies", "HubSpot companies", OF_ORGANIZATIONS, ("Company name", "Company owner")),
    Preset(
        "pipedrive-deals",
        "Pipedrive deals",
        BOXES,
        ("Deal - Title",),
        {
            "Deal - ID": None,
            "Deal - Title": NAME,
            "Deal - Stage": STAGE,
            "Deal - Owner": ASSIGNEES,
            "Deal - Pipeline": None,
            "Deal - Deal created": CREATED,
            "Deal - Contact person": CONTACTS,
            "Deal - Organization": ORGANIZATIONS,
        },
    ),
    Preset("pipedrive-people", "Pipedrive people", OF_CONTACTS, ("Person - Name",)),
    Preset("pipedrive-organizations", "Pipedrive organizations", OF_ORGANIZATIONS, ("Organization - Name",)),
    Preset(
        "salesforce-opportunities",
        "Salesforce opportunities",
        BOXES,
        ("Opportunity Name", "Stage"),
        {
            "Opportunity Name": NAME,
            "Opportunity Owner": ASSIGNEES,
            "Account Name": ORGANIZATIONS,
            "Primary Contact": CONTACTS,
            "Created Date": CREATED,
            "Opportunity ID": None,
            "Fiscal Period": None,
            "Age": None,
        },
    ),
    Preset(
        "salesforce-contacts",
        "Salesforce contacts",
        OF_CONTACTS,
        ("First Name", "Last Name", "Account Name"),
        any_of=("Contact Owner", "Contact Owner Alias", "Mailing Street", "Mailing City"),
    ),
    Preset(
        "zoho-deals",
        "Zoho CRM deals",
        BOXES,
        ("Deal Name", "Stage", "Closing Date"),
        {
            "Record Id": None,
            "Deal Name": NAME,
            "Deal Owner": ASSIGNEES,
            "Deal Owner.id": None,
            "Account Name": ORGANIZATIONS,
            "Contact Name": CONTACTS,
            "Created Time": CREATED,
            "Modified Time": None,
        },
    ),
    Preset(
        "zoho-contacts",
        "Zoho CRM contacts",
        OF_CONTACTS,
        ("Record Id", "Last Name", "Email"),
        any_of=("Contact Owner", "Contact Owner.id"),
    ),
    Preset(
        "trello-cards",
        "Trello cards",
        BOXES,
        ("Card ID", "Card Name", "List Name"),
        {
            "Card Name": NAME,
            "Card Description": NOTES,
            "List Name": STAGE,
            **dict.fromkeys(("Card ID", "List ID", "Board ID", "Board Name", "Archived", "Attachment Count")),
        },
    ),
    Preset(
        "airtable-records",
        "Airtable records",
        BOXES,
        ("Name", "Notes", "Assignee", "Status", "Attachments"),
        {"Attachments": None, "Attachment Summary": None},
    ),
    Preset(
        "google-contacts",
        "Google Contacts",
        OF_CONTACTS,
        ("E-mail 1 - Value",),
        any_of=("Phonetic First Name", "Given Name", "File As"),
    ),
    Preset(
        "outlook-contacts",
        "Outlook contacts",
        OF_CONTACTS,
        ("First Name", "Last Name", "E-mail Address"),
        any_of=("Given Yomi", "Business Phone", "E-mail Display Name", "Home Street"),
    ),
)


def recognized(columns: Sequence[str]) -> Preset | None:
    """The preset whose export has these columns, in any order. The case of letters counts: it tells HubSpot's `Contact
    owner` from Zoho's `Contact Owner`."""
    heads = {column.strip() for column in columns}
    fitting = [
        preset
        for preset in PRESETS
        if heads.issuperset(preset.heads) and (not preset.any_of or not heads.isdisjoint(preset.any_of))
    ]
    return max(fitting, key=lambda preset: len(preset.heads), default=None)


def targets(preset: Preset, columns: Sequence[str]) -> dict[str, str | None]:
    """Where the preset sends those of the columns that it names."""
    by_word = {plain(column): target for column, target in preset.columns.items()}
    return {column: by_word[word] for column in columns if (word := plain(column)) in by_word}
