import { Button, Group, Select, Table, Text, Title } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { Suspense } from "react";
import { Link, useNavigate } from "react-router";
import { api } from "../api/client";
import type { LetterOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment, useNow } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Loading, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import mail from "../mail/mail.module.css";
import { DraftLine } from "../writing/Drafts";
import { LetterActions } from "../writing/LetterLine";
import { STATES, stateOf } from "../writing/letters";
import { recipientName } from "../writing/letterText";
import { draftAddress } from "../writing/place";
import { Signals } from "../writing/Signals";
import { timeInWords } from "../writing/sendTimes";
import writing from "../writing/writing.module.css";

const Compose = lazily(() => import("../writing/Compose"));

/** Screen with the letters that the user sent or that wait, those of colleagues on boxes, and the user's drafts. */
export default function SentMail() {
  const [search, setSearch] = useSearch();
  const state = search.get("state") ?? "";
  const mailbox = search.get("mailbox") ?? "";
  const choose = (name: string) => (value: string | null) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const senders = api.useQuery("get", "/v2/senders", {});
  const query = api.useInfiniteQuery(
    "get",
    "/v2/letters",
    { params: { query: { ...(state && { state }), ...(mailbox && { mailboxKey: mailbox }) } } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  const filtered = state !== "" || mailbox !== "";
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Sent and scheduled</Title>
          <Text component="p" className="quiet">
            Your e-mail and that of colleagues on boxes that you see.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/letters" }} />
          <Select
            w={160}
            size="xs"
            aria-label="State"
            placeholder="All states"
            clearable
            clearButtonProps={{ "aria-label": "All states" }}
            data={Object.entries(STATES).map(([value, { label }]) => ({ value, label }))}
            value={state || null}
            onChange={choose("state")}
          />
          {(senders.data?.results.length ?? 0) > 1 && (
            <Select
              w={220}
              size="xs"
              aria-label="Mailbox"
              placeholder="All mailboxes"
              clearable
              clearButtonProps={{ "aria-label": "All mailboxes" }}
              data={(senders.data?.results ?? []).map((each) => ({ value: each.mailboxKey, label: each.address }))}
              value={mailbox || null}
              onChange={choose("mailbox")}
            />
          )}
        </Group>
      </header>
      {!filtered && <OpenDrafts />}
      <Ready query={query}>
        {(data) => {
          const letters = data.pages.flatMap((page) => page.results);
          if (letters.length === 0) {
            return (
              <Empty icon={IconSend} title={filtered ? "No such e-mail" : "Nothing sent yet"}>
                {filtered
                  ? "No e-mail has this state or mailbox."
                  : "Write an e-mail in the tab E-mail of a box or a contact."}
              </Empty>
            );
          }
          return (
            <Rows heads={["E-mail", "State", "When", "Box", null]} label="Sent and scheduled">
              {letters.map((each) => (
                <Line key={each.key} letter={each} />
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </div>
  );
}

function OpenDrafts() {
  const query = api.useQuery("get", "/v2/drafts", { params: { query: {} } });
  const navigate = useNavigate();
  const [search, setSearch] = useSearch();
  const drafts = query.data?.results ?? [];
  const open = search.get("draft");
  if (drafts.length === 0) return null;
  return (
    <section aria-label="Drafts" className={writing.drafts}>
      <Title order={2}>Drafts</Title>
      {drafts.map((draft) =>
        draft.key === open ? (
          <Suspense key={draft.key} fallback={<Loading rows={5} />}>
            <Compose
              draft={draft.key}
              pipeline={null}
              onOpen={(key) => setSearch(key ? { draft: key } : {}, { replace: true })}
            />
          </Suspense>
        ) : (
          <DraftLine key={draft.key} draft={draft} onOpen={() => navigate(draftAddress(draft))} />
        ),
      )}
    </section>
  );
}

function Line({ letter }: { letter: LetterOut }) {
  const navigate = useNavigate();
  const state = stateOf(letter, useNow());
  const box = api.useQuery(
    "get",
    "/v1/boxes/{box}",
    { params: { path: { box: letter.boxKey ?? "" } } },
    { enabled: letter.boxKey !== undefined },
  );
  const place =
    letter.boxKey && `/boxes/${letter.boxKey}?tab=email${letter.threadKey ? `&thread=${letter.threadKey}` : ""}`;
  const reopen = (draft: string | null) => draft && void navigate(draftAddress({ ...letter, key: draft }));
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          <div className="cut">{letter.subject || "Without a subject"}</div>
          <Text size="xs" className="quiet cut">
            to {[...letter.to, ...letter.cc, ...letter.bcc].map(recipientName).join(", ")}
          </Text>
        </div>
      </Table.Td>
      <Table.Td>
        <div>
          <span className={mail.state} data-colour={state.colour}>
            {STATES[letter.state]?.label ?? letter.state}
          </span>
          <Signals letter={letter} />
          {letter.error && (
            <Text size="xs" className="quiet" style={{ whiteSpace: "normal" }} maw={240}>
              {letter.error}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>
        {letter.state === "scheduled" ? (
          timeInWords(letter.dueTimestamp)
        ) : (
          <Moment at={letter.sentTimestamp ?? letter.dueTimestamp} />
        )}
      </Table.Td>
      <Table.Td className={classes.wide}>
        {place ? (
          <Link className={classes.open ?? ""} to={place}>
            {box.data?.name ?? "The box"}
          </Link>
        ) : (
          <span className="quiet">No box</span>
        )}
      </Table.Td>
      <Table.Td align="right">
        <LetterActions letter={letter} onOpen={reopen} />
      </Table.Td>
    </Table.Tr>
  );
}
