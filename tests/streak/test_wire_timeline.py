"""The timeline of a box: comments, meetings, mail, files and changes in one order (spec 4.8)."""

import pytest

from tests.conftest import ok, refused

MAIL = b"Subject: Offer\r\nFrom: Kim <kim@client.example>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nHello"
MEETING = {"meetingType": "MEETING_NOTES", "startTimestamp": 1_600_000_000_000, "notes": "Met"}
GMAIL = "15d52837dc00ff8e"
SENT_AT = 1_700_000_000_000


@pytest.fixture
def box(world):
    """A box with one entry of every kind, each a little later than the previous entry."""
    created = world.box(world.pipeline(), name="Deal")
    old, own = f"/api/v1/boxes/{created['key']}", f"/api/v2/boxes/{created['key']}"

    def do(verb, path, **request):
        world.clock.advance(ms=50)
        ok(world.ada.http.request(verb, path, **request))

    do("POST", old, json={"stageKey": "5002"})
    do("POST", old, json={"notes": "Call back"})
    do("POST", f"{own}/comments", json={"message": "Hi"})
    do("POST", f"{own}/meetings", json={"meetingType": "CALL_LOG", "startTimestamp": world.clock() + 40})
    do("POST", f"{own}/meetings", json=MEETING)
    do("POST", f"{own}/meetings", json={**MEETING, "isDraft": True})
    do("POST", f"{own}/tasks", json={"text": "Ring"})
    do("PUT", f"{old}/threads", data={"threadGmailId": GMAIL})
    do("POST", f"{own}/messages", content=MAIL, headers={"Content-Type": "message/rfc822"})
    do("POST", f"{own}/files", files={"file": ("a.txt", b"a", "text/plain")})
    return created


def timeline(person, box, **params):
    return ok(person.http.get(f"/api/v2/boxes/{box['key']}/timeline", params=params))


def kinds(page):
    return [entry["type"] for entry in page["entries"]]


IN_ORDER = [
    ("MEETING_NOTES", "meeting"),
    ("EMAIL", "message"),
    ("NEWSFEED_BOX_CREATION_MOVE", "newsfeedEntry"),
    ("NEWSFEED_BOX_CREATION_MOVE", "newsfeedEntry"),
    ("NEWSFEED_BOX_EDIT", "newsfeedEntry"),
    ("COMMENT", "comment"),
    ("CALL_LOG", "meeting"),
    ("EMAIL", "thread"),
    ("NEWSFEED_BOX_EDIT", "newsfeedEntry"),
    ("FILE", "file"),
]


def test_entries_are_newest_first_by_default(world, box):
    page = timeline(world.ada, box)
    assert "nextPage" not in page
    assert kinds(page) == [kind for kind, _ in reversed(IN_ORDER)]
    times = [entry["timestamp"] for entry in page["entries"]]
    assert times == sorted(times, reverse=True)
    assert timeline(world.ada, box, direction="Descending") == page
    assert timeline(world.ada, box, direction="Ascending")["entries"] == page["entries"][::-1]


def test_each_entry_holds_the_thing_it_is_about(world, box):
    entries = timeline(world.ada, box, direction="Ascending")["entries"]
    for entry, (_, member) in zip(entries, IN_ORDER, strict=True):
        assert set(entry) == {"key", "type", "timestamp", "boxKey", member}
        assert entry["key"] == entry[member]["key"]
        assert entry["boxKey"] == entry[member]["boxKey"] == box["key"]
    meeting, message, _, move, edit, comment, _, thread, _, file = entries
    assert meeting["timestamp"] == meeting["meeting"]["startTimestamp"]
    assert message["timestamp"] == message["message"]["timestamp"] == SENT_AT
    assert move["newsfeedEntry"]["newsfeedEntrySpecific"] == "EDIT_STAGE"
    assert edit["newsfeedEntry"]["newsfeedEntrySpecific"] == "EDIT_NOTES"
    assert comment["comment"] == ok(world.ada.http.get(f"/api/v2/comments/{comment['key']}"))
    assert meeting["meeting"] == ok(world.ada.http.get(f"/api/v2/meetings/{meeting['key']}"))
    assert message["message"] == ok(world.ada.http.get(f"/api/v2/messages/{message['key']}"))
    assert thread["thread"]["threadGmailId"] == GMAIL
    assert file["file"] == ok(world.ada.http.get(f"/api/v1/files/{file['key']}"))


@pytest.mark.parametrize(
    "spelled",
    [
        "filters=CALL_LOGS&filters=COMMENTS",
        "filters=CALL_LOGS,COMMENTS",
        "filters=[CALL_LOGS,COMMENTS]",
        "filters=%5BCALL_LOGS%2C%20COMMENTS%5D",
        "filters=%5B%22CALL_LOGS%22%2C%22COMMENTS%22%5D",
        "filters[]=CALL_LOGS&filters[]=COMMENTS",
    ],
)
def test_filters_are_read_in_every_spelling(world, box, spelled):
    page = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/timeline?{spelled}"))
    assert kinds(page) == ["CALL_LOG", "COMMENT"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("CALL_LOGS", ["CALL_LOG"]),
        ("COMMENTS", ["COMMENT"]),
        ("EMAILS", ["EMAIL", "EMAIL"]),
        ("FILES", ["FILE"]),
        ("HANGOUTS_CHAT", []),
        ("MEETING_NOTES", ["MEETING_NOTES"]),
        ("NEWSFEED_BOX_CREATION_MOVE", ["NEWSFEED_BOX_CREATION_MOVE"] * 2),
        ("NEWSFEED_BOX_EDIT", ["NEWSFEED_BOX_EDIT"] * 2),
        ("TASKS", ["TASK"]),
    ],
)
def test_each_filter_shows_only_its_entries(world, box, name, found):
    assert kinds(timeline(world.ada, box, filters=name)) == found


@pytest.mark.parametrize("direction", ["Ascending", "Descending"])
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_page_token_alone_returns_the_next_page(world, box, direction, limit):
    everything = timeline(world.ada, box, direction=direction)["entries"]
    page = timeline(world.ada, box, direction=direction, limit=limit)
    pages = [page["entries"]]
    while "nextPage" in page:
        page = timeline(world.ada, box, nextPageToken=page["nextPage"])
        pages.append(page["entries"])
    assert [entry for item in pages for entry in item] == everything
    assert {len(item) for item in pages[:-1]} <= {limit}
    assert pages[-1]


def test_entries_with_the_same_time_are_each_shown_once(world):
    """Many entries of many kinds within a millisecond: pages neither repeat nor skip an entry."""
    box = world.box(world.pipeline())
    at = world.clock() + 1000
    for number in range(4):
        meeting = {"meetingType": ("CALL_LOG", "MEETING_NOTES")[number % 2], "startTimestamp": at}
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/meetings", json=meeting))
    for direction in ("Ascending", "Descending"):
        everything = timeline(world.ada, box, direction=direction)["entries"]
        keys, page = [], timeline(world.ada, box, direction=direction, limit=1)
        keys += [entry["key"] for entry in page["entries"]]
        while "nextPage" in page:
            page = timeline(world.ada, box, nextPageToken=page["nextPage"])
            keys += [entry["key"] for entry in page["entries"]]
        assert keys == [entry["key"] for entry in everything]
        assert len(set(keys)) == 5


def test_the_timeline_begins_at_the_given_time(world, box):
    entries = timeline(world.ada, box)["entries"]
    middle = entries[4]["timestamp"]
    assert timeline(world.ada, box, startTimestamp=middle)["entries"] == entries[4:]
    assert timeline(world.ada, box, startTimestamp=middle, direction="Ascending")["entries"] == entries[4::-1]
    assert timeline(world.ada, box, startTimestamp=0)["entries"] == []
    assert len(timeline(world.ada, box, startTimestamp=2**60, limit=10**9)["entries"]) == 10


def test_a_repeated_request_gets_the_same_timeline(world, box):
    """The timeline does not depend on the time of reading."""
    before = timeline(world.ada, box)
    world.clock.advance(days=40)
    assert timeline(world.ada, box) == before


def test_old_spellings_of_the_path_are_accepted(world, box):
    page = timeline(world.ada, box)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/timeline")) == page
    assert ok(world.ada.http.get(f"/api/v2boxes/{box['key']}/timeline/")) == page


def test_a_long_message_is_cut_and_its_attachments_stay_with_it(world):
    box = world.box(world.pipeline())
    head = b'Subject: Long\r\nFrom: kim@client.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    text = b"--b\r\nContent-Type: text/plain\r\n\r\n" + b"word " * 4000 + b"\r\n"
    file = b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--\r\n"
    headers = {"Content-Type": "message/rfc822"}
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/messages", content=head + text + file, headers=headers))
    (entry,) = timeline(world.ada, box, filters="EMAILS,FILES")["entries"]
    assert (len(entry["message"]["text"]), entry["message"]["truncated"]) == (10_000, True)
    assert [file["fileName"] for file in entry["message"]["files"]] == ["a.csv"]


def test_only_users_who_see_the_box_read_its_timeline(world, box):
    assert world.cy.http.get(f"/api/v2/boxes/{box['key']}/timeline").status_code == 404
    assert timeline(world.bo, box)["entries"]
    token = timeline(world.ada, box, limit=1)["nextPage"]
    assert world.cy.http.get(f"/api/v2/boxes/{box['key']}/timeline?nextPageToken={token}").status_code == 404


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"filters": "COMMENTS,POSTCARDS"}, "filters"),
        ({"startTimestamp": "yesterday"}, "startTimestamp"),
        ({"startTimestamp": "-1"}, "startTimestamp"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"nextPageToken": "é"}, "nextPageToken"),
        ({"nextPageToken": "abc"}, "nextPageToken"),
        ({"nextPageToken": "W10"}, "nextPageToken"),
        # [true,["COMMENTS"],5,{"at":1,"rank":0,"key":"x"}]: a position that no entry has
        ({"nextPageToken": "W3RydWUsWyJDT01NRU5UUyJdLDUseyJhdCI6MSwicmFuayI6MCwia2V5IjoieCJ9XQ"}, "nextPageToken"),
        ({"nextPageToken": "W3RydWUsWyJDT01NRU5UUyJdLDUseyJhdCI6MSwicmFuayI6OTksImtleSI6MX1d"}, "nextPageToken"),
    ],
)
def test_invalid_parameters_are_named(world, box, params, field):
    answer = world.ada.http.get(f"/api/v2/boxes/{box['key']}/timeline", params=params)
    assert answer.json()["field"] == field
    refused(answer, 400, field)
