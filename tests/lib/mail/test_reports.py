"""Delivery reports, automatic replies and complaints are distinguished from the mail of people.

The messages are written for this test, in the forms that mail servers and mail programs are known to send.
"""

import textwrap

from boxwood.lib.mail import Complaint, Mail, parse, parse_headers


def read(raw: str) -> Mail:
    return parse(textwrap.dedent(raw).lstrip().encode(), sender_required=False)


GONE = "gone@client.example"
BOUNCES = {
    "qmail": (
        """
        Return-Path: <>
        From: MAILER-DAEMON@mx.team.example
        To: ada@team.example
        Subject: failure notice

        Hi. This is the qmail-send program at mx.team.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <gone@client.example>:
        192.0.2.25 does not like recipient.
        Remote host said: 550 5.1.1 <gone@client.example>: Recipient address rejected
        Giving up on 192.0.2.25.

        <full@client.example>:
        Remote host said: 452 4.2.2 Mailbox full

        --- Below this line is a copy of the message.

        Return-Path: <ada@team.example>
        Message-ID: <offer@team.example>
        To: other@client.example
        """,
        [
            (GONE, "failed", "5.1.1", True),
            ("full@client.example", "failed", "4.2.2", False),
        ],
    ),
    "Gmail, in words only": (
        """
        Return-Path: <>
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        To: ada@team.example
        X-Failed-Recipients: gone@client.example
        References: <offer@team.example>
        Subject: Delivery Status Notification (Failure)

        Delivery to the following recipient failed permanently:

             gone@client.example

        Technical details of permanent failure:
        Google tried to deliver your message, but it was rejected by the server for the recipient domain
        client.example by mx.client.example. [192.0.2.25].

        The error that the other server returned was:
        550-5.1.1 The email account that you tried to reach does not exist.
        """,
        [(GONE, "failed", "5.1.1", True)],
    ),
    "Gmail, address not found": (
        """
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        To: ada@team.example
        In-Reply-To: <offer@team.example>
        Subject: Delivery Status Notification (Failure)

        ** Address not found **

        Your message wasn't delivered to gone@client.example because the address couldn't be found, or is unable
        to receive mail.

        The response was:
        550 5.1.1 The email account that you tried to reach does not exist. gsmtp
        """,
        [(GONE, "failed", "5.1.1", True)],
    ),
    "Exchange, before it sent a status": (
        """
        From: System Administrator <postmaster@client.example>
        To: ada@team.example
        Subject: Undeliverable: Offer
        In-Reply-To: <offer@team.example>

        Your message did not reach some or all of the intended recipients.

              Subject:  Offer
              Sent:     3/4/2025 10:00 AM

        The following recipient(s) could not be reached:

              gone@client.example on 3/4/2025 10:01 AM
                    The e-mail account does not exist at the organization this message was sent to.
                    <mx.client.example #5.1.1>
        """,
        [(GONE, "failed", "5.1.1", True)],
    ),
    "Exchange, for administrators": (
        """
        From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@team.example
        To: ada@team.example
        Subject: Undeliverable: Offer
        In-Reply-To: <offer@team.example>

        Delivery has failed to these recipients or groups:

        gone@client.example<mailto:gone@client.example>
        The e-mail address you entered couldn't be found.

        Diagnostic information for administrators:

        Generating server: mx.client.example

        gone@client.example
        #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

        Original message headers:

        Message-ID: <offer@team.example>
        """,
        [(GONE, "failed", "5.1.1", True)],
    ),
    "sendmail": (
        """
        From: Mail Delivery Subsystem <MAILER-DAEMON@mx.team.example>
        To: <ada@team.example>
        Subject: Returned mail: see transcript for details

           ----- The following addresses had permanent fatal errors -----
        <gone@client.example>
            (reason: 550 5.1.1 <gone@client.example>... User unknown)

           ----- Transcript of session follows -----
        ... while talking to mx.client.example.:
        >>> DATA
        <<< 550 5.1.1 <gone@client.example>... User unknown

           ----- Original message follows -----

        Message-Id: <offer@team.example>
        """,
        [(GONE, "failed", "5.1.1", True)],
    ),
    "Exim, a warning": (
        """
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@mx.team.example>
        To: ada@team.example
        References: <offer@team.example>
        Subject: Warning: message 1abc-0001 delayed 24 hours

        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its recipients after more than
        24 hours on the queue on mx.team.example.

        The address to which the message has not yet been delivered is:

          gone@client.example
            host mx.client.example [192.0.2.25]
            SMTP error from remote mail server after RCPT TO: 451 4.7.1 greylisted

        No action is required on your part. This is a warning message only.
        """,
        [(GONE, "delayed", "4.7.1", False)],
    ),
    "a status that says it was given up after days": (
        """
        From: MAILER-DAEMON@mx.team.example
        To: ada@team.example
        Content-Type: multipart/report; report-type=delivery-status; boundary=x

        --x

        Not delivered
        --x
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.team.example

        Final-Recipient: rfc822; gone@client.example
        Action: failed
        Status: 4.4.7
        --x
        Content-Type: text/rfc822-headers

        Message-ID: <offer@team.example>
        --x--
        """,
        [(GONE, "failed", "4.4.7", False)],
    ),
}
AUTOMATIC_REPLIES = {
    "Microsoft 365": "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nSubject: Automatic reply: Offer",
    "Exchange 2007, in German": "X-Auto-Response-Suppress: OOF, AutoReply\nSubject: Abwesend",
    "Exchange 2003": "Subject: Out of Office AutoReply: Offer",
    "Gmail": "Precedence: bulk\nX-Autoreply: yes\nAuto-Submitted: auto-replied\nSubject: Away Re: Offer",
    "Dovecot Sieve": "Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk\nSubject: Auto: Offer",
    "Exim": "Auto-Submitted: auto-replied\nReturn-Path: <>\nSubject: I am away",
    "the vacation program of BSD": "Return-Path: <>\nPrecedence: junk\nSubject: away from my mail",
    "cPanel": "X-Autorespond: Offer\nPrecedence: auto_reply\nSubject: Re: Offer",
    "a web host": "X-Autoresponder: yes\nSubject: Vielen Dank",
    "Zimbra": "Auto-Submitted: auto-replied (zimbra; readonly)\nPrecedence: bulk\nSubject: Re: Offer",
    "Lotus Notes": "Subject: Out of the office: Zoe Zuse",
    "GMX": "X-Mail-Autoreply: 1\nSubject: Re: Offer",
    "an old server, in French": "Subject: Réponse automatique : Offre",
}
OF_PEOPLE = {
    "an answer": "Subject: Re: Offer",
    "an answer to a vacation note": "Subject: Re: Automatic reply: Offer",
    "news of a journey": "Subject: Out of office next week",
    "a car": "Subject: Auto: the new one",
    "no automatic mail": "Auto-Submitted: no\nPrecedence: first-class\nSubject: Hi",
    "only receipts are suppressed": "X-Auto-Response-Suppress: DR, RN, NRN\nSubject: Hi",
}


def test_delivery_reports_in_words_name_the_address_the_code_and_the_message() -> None:
    for server, (raw, expected) in BOUNCES.items():
        found = read(raw)
        status = found.delivery_status
        assert status, server
        reports = [(it.email, it.action, it.status, it.is_permanent) for it in status.reports]
        assert reports == expected, server
        assert status.message_id == "offer@team.example", server
        assert found.automatic, server
        head = textwrap.dedent(raw).lstrip().partition("\n\n")[0].encode()
        assert parse_headers(head).may_report, server
    assert "Remote host said: 550 5.1.1" in str(read(BOUNCES["qmail"][0]).delivery_status)


def test_the_same_words_in_the_mail_of_a_person_report_nothing() -> None:
    for raw, _ in BOUNCES.values():
        head, _, body = textwrap.dedent(raw).lstrip().partition("\n\n")
        if "multipart/report" in head:
            continue
        quoted = parse(f"From: Bo <bo@team.example>\nSubject: Fwd: {head[:40]!r}\n\nSee below.\n\n{body}".encode())
        assert quoted.delivery_status is None
        assert not quoted.automatic


def test_automatic_replies_of_many_programs_are_recognized() -> None:
    head = "From: Zoe <zoe@client.example>\nTo: ada@team.example\nMessage-ID: <2@client.example>\n"
    found = {name: read(f"{head}{lines}\n\nI am back on Monday.\n") for name, lines in AUTOMATIC_REPLIES.items()}
    assert [name for name, mail in found.items() if not mail.automatic] == []
    assert [name for name, mail in found.items() if mail.delivery_status or mail.complaint] == []
    people = {name: read(f"{head}{lines}\n\nHello.\n") for name, lines in OF_PEOPLE.items()}
    assert [name for name, mail in people.items() if mail.automatic] == []


ARF = """
    From: Feedback <fbl@provider.example>
    To: postmaster@team.example
    Subject: FW: Offer
    Content-Type: multipart/report; report-type=feedback-report; boundary=x

    --x

    This is a report of abuse.
    --x
    Content-Type: message/feedback-report

    Feedback-Type: {kind}
    User-Agent: Provider/1.0
    Version: 1
    {recipient}
    --x
    Content-Type: message/rfc822

    Message-ID: <offer@team.example>
    Subject: Offer

    Hello
    --x--
"""


def test_complaints_name_the_message_and_the_recipient_if_the_provider_does() -> None:
    complaint = read(ARF.format(kind="abuse", recipient="Original-Rcpt-To: <Gone@client.example>"))
    assert complaint.complaint == Complaint("abuse", [GONE], "offer@team.example")
    assert complaint.automatic
    assert read(ARF.format(kind="abuse", recipient="Source-IP: 192.0.2.1")).complaint == Complaint(
        "abuse", [], "offer@team.example"
    )
    assert read(ARF.format(kind="not-spam", recipient="Source-IP: 192.0.2.1")).complaint is None
