import { Input, Select, Stack, Switch, TextInput } from "@mantine/core";
import { Suspense, useRef } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { errorAt } from "../api/problem";
import type { MailingEdit, MailingOut } from "../api/schema";
import { Loading } from "../components/states";
import { lazily } from "../lib/lazily";
import type { EditorHandle } from "../writing/Editor";
import { withoutStyles } from "../writing/letterText";
import { useOffers } from "../writing/offers";

const Editor = lazily(() => import("../writing/Editor"));

type WhatProps = { mailing: MailingOut; error: unknown; onChange: (edit: MailingEdit) => void };

/** The text of a mailing, with merge fields. */
export function What({ mailing, error, onChange }: WhatProps) {
  const senders = api.useQuery("get", "/v2/senders", {});
  const team = api.useQuery("get", "/v2/teams/{team}", { params: { path: { team: mailing.teamKey } } });
  const offers = useOffers(null);
  const editor = useRef<EditorHandle>(null);
  const own = (senders.data?.results ?? []).filter((each) => each.teamKey === mailing.teamKey);
  return (
    <Stack maw={720}>
      <TextInput
        label="Name"
        description="Recipients do not see it."
        value={mailing.name}
        error={errorAt(error, "name")}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <Select
        label="From"
        placeholder="Choose a mailbox"
        allowDeselect={false}
        data={own.map((each) => ({ value: each.mailboxKey, label: `${each.name} <${each.address}>` }))}
        value={mailing.mailboxKey ?? null}
        error={errorAt(error, "mailboxKey")}
        description={
          senders.data && own.length === 0 ? <Link to="/mail/mailboxes">Connect a mailbox that can send</Link> : null
        }
        onChange={(mailboxKey) => mailboxKey && onChange({ mailboxKey })}
      />
      <TextInput
        label="Subject"
        value={mailing.subject}
        error={errorAt(error, "subject")}
        onChange={(event) => onChange({ subject: event.currentTarget.value })}
      />
      <div>
        <Input.Label labelElement="div">Text</Input.Label>
        <Suspense fallback={<Loading rows={5} />}>
          <Editor
            ref={editor}
            label="Text"
            html={withoutStyles(mailing.html)}
            onChange={(html) => onChange({ html })}
            offers={offers}
            onChosen={({ subject }) => subject && !mailing.subject && onChange({ subject })}
            placeholder="Dear {{contact.givenName|customer}}, …"
          />
        </Suspense>
        <Input.Error mt={4}>{errorAt(error, "html")}</Input.Error>
        <Input.Description mt={4}>
          Type {"{{"} for a merge field, / for a snippet. Each e-mail ends with a link to unsubscribe.
        </Input.Description>
      </div>
      {team.data?.mailTracking && (
        <Switch
          label="Count opens and clicks"
          checked={mailing.track.opens || mailing.track.clicks}
          onChange={(event) => {
            const wanted = event.currentTarget.checked;
            onChange({ track: { opens: wanted, clicks: wanted } });
          }}
        />
      )}
    </Stack>
  );
}
