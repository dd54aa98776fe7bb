"""Every message of the corpus is read as mail programs show it."""

from typing import Any

import pytest

from boxwood.lib.mail import Mail, parse
from tests.lib.mail.corpus import Case, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_message_is_read_as_a_mail_program_shows_it(case: Case) -> None:
    found = shown(parse(case.raw, sender_required=False))
    assert {name: found[name] for name in case.expected} == case.expected


def shown(mail: Mail) -> dict[str, Any]:
    status = mail.delivery_status
    return {
        "subject": mail.subject,
        "from": [(mail.sender.name, mail.sender.email)] if mail.sender else [],
        "to": [(address.name, address.email) for address in mail.to],
        "date": mail.sent_at,
        "id": mail.message_id,
        "references": mail.references,
        "text": mail.text,
        "html": mail.html,
        "files": [(file.name, file.content) for file in mail.attachments],
        "automatic": mail.automatic,
        "list_id": mail.list_id,
        "reports": [(it.email, it.action, it.status, it.diagnostic) for it in status.reports] if status else [],
        "reported": status.message_id if status else None,
    }


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 250
    assert len({case.raw for case in CASES}) == len(CASES)
