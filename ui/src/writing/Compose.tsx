import { ActionIcon, Alert, Button, Group, Modal, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { IconEye, IconTrash, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { errorWithin } from "../api/problem";
import { queries } from "../api/queries";
import type { DraftOut, DraftPreviewOut, LetterOut, PipelineOut, SenderOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useDropped } from "../box/useDropped";
import { Loading, Ready } from "../components/states";
import { failed, say, undoable } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { Attach, AttachedFiles } from "./AttachedFiles";
import type { EditorHandle } from "./Editor";
import { InsertMenu } from "./InsertMenu";
import { takeBack } from "./letters";
import { isRecipient, namesAttachment, splitQuote, withoutStyles } from "./letterText";
import { type Offer, useOffers } from "./offers";
import { Quote } from "./Quote";
import { Recipients } from "./Recipients";
import { SendButton } from "./SendButton";
import { draftKey, refreshDrafts, type SaveState, useSaving } from "./saving";
import { timeInWords } from "./sendTimes";
import classes from "./writing.module.css";

const Editor = lazily(() => import("./Editor"));

const TITLES: Record<string, string> = {
  new: "New e-mail",
  reply: "Reply",
  replyAll: "Reply to all",
  forward: "Forward",
};
const STATES: Record<SaveState, string> = {
  saved: "Saved",
  changed: "Saving …",
  saving: "Saving …",
  failed: "Not saved",
  conflict: "Not saved",
  gone: "Not saved",
};

type ComposeProps = {
  draft: string;
  /** The pipeline of its box, whose fields can be merge fields. */
  pipeline: PipelineOut | null;
  /** Another draft is to be shown, or none. */
  onOpen: (draft: string | null) => void;
};

/** Writes an e-mail. What is written is saved while the user types. */
export default function Compose({ draft: key, pipeline, onOpen }: ComposeProps) {
  const query = api.useQuery(
    "get",
    "/v2/drafts/{draft}",
    { params: { path: { draft: key } } },
    { staleTime: 0, refetchOnWindowFocus: "always", meta: { live: true } },
  );
  const senders = api.useQuery("get", "/v2/senders", {});
  // Each time the draft is loaded again, the form begins again.
  const [begun, setBegun] = useState(0);
  return (
    <section className={classes.compose} aria-label="Write an e-mail">
      <Ready query={query} loading={<Loading rows={5} />}>
        {(draft) => (
          <Ready query={senders} loading={<Loading rows={5} />}>
            {({ results }) => (
              <Letter
                key={`${draft.key} ${begun}`}
                draft={draft}
                senders={results.filter(({ teamKey }) => teamKey === draft.teamKey)}
                pipeline={pipeline}
                onOpen={onOpen}
                onRenew={() => setBegun(begun + 1)}
              />
            )}
          </Ready>
        )}
      </Ready>
    </section>
  );
}

type LetterProps = {
  draft: DraftOut;
  senders: SenderOut[];
  pipeline: PipelineOut | null;
  onOpen: (draft: string | null) => void;
  onRenew: () => void;
};

function Letter({ draft, senders, pipeline, onOpen, onRenew }: LetterProps) {
  const me = useMe();
  const team = api.useQuery("get", "/v2/teams/{team}", { params: { path: { team: draft.teamKey } } });
  const saving = useSaving(draft);
  const { content, change } = saving;
  const offers = useOffers(pipeline);
  const editor = useRef<EditorHandle>(null);
  const root = useRef<HTMLDivElement>(null);
  const [parts] = useState(() => splitQuote(draft.html || textAsHtml(draft.text)));
  const [quote, setQuote] = useState(parts.quote);
  const own = useRef(parts.own);
  const [copies, setCopies] = useState({ cc: draft.cc.length > 0, bcc: draft.bcc.length > 0 });
  const [uploading, setUploading] = useState<string[]>([]);
  const [preview, setPreview] = useState<DraftPreviewOut | null>(null);
  const [doubts, setDoubts] = useState<Doubts | null>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  const isOwn = draft.creatorKey === me.key;
  const isReply = draft.kind === "reply" || draft.kind === "replyAll";

  // Another tab or a colleague saved the draft, and nothing was changed here: show theirs.
  useEffect(() => {
    if (draft.version > saving.version() && !saving.isChanged()) {
      saving.stop();
      onRenew();
    }
  });

  const people = (member: "to" | "cc" | "bcc") => (value: string[]) =>
    change({ [member]: value.filter(isRecipient) }, { [member]: value });
  const write = (html: string, quoted = quote) => {
    own.current = html;
    change({ html: html + quoted });
  };
  const attach = async (files: File[]) => {
    for (const file of files) {
      setUploading((before) => [...before, file.name]);
      await saving.attach(file).catch((error) => failed(error, `${file.name} was not attached`));
      setUploading((before) => before.toSpliced(before.indexOf(file.name), 1));
    }
  };
  const dropping = useDropped(root, (files) => void attach(files), true);
  const keepFiles = async (keys: string[]) => {
    change({ files: keys }, {});
    await saving.flush().catch(failed);
  };
  const insert = (offer: Offer) => {
    editor.current?.insert(offer.html);
    chosen(offer);
  };
  const chosen = ({ subject }: Offer) => {
    if (subject && !content.subject) change({ subject });
  };

  const close = () => {
    // A draft in which nothing was written is not kept.
    if (isOwn && content.version === 1 && !saving.isChanged()) return void discard.mutate();
    void saving.flush().catch(() => {});
    onOpen(null);
    void refreshDrafts();
  };
  const discard = useMutation({
    mutationFn: async () => {
      saving.stop();
      await client.DELETE("/v2/drafts/{draft}", { params: { path: { draft: draft.key } } });
    },
    onSuccess: () => {
      onOpen(null);
      queries.removeQueries({ queryKey: draftKey(draft.key) });
      return refreshDrafts();
    },
  });

  const send = useMutation({
    meta: { quiet: true },
    mutationFn: async ({ at, sure }: { at?: number; sure?: boolean }): Promise<LetterOut | null> => {
      setRefusal(null);
      await saving.flush();
      const params = { path: { draft: draft.key } };
      if (!sure) {
        const { data } = await client.POST("/v2/drafts/{draft}/preview", { params, body: {} });
        const { missing, warnings } = data as DraftPreviewOut;
        const forgotten = content.files.length === 0 && namesAttachment(own.current);
        const found = [
          ...warnings,
          ...(forgotten ? ["The text speaks of an attachment, and no file is attached"] : []),
        ];
        if (missing.length > 0 || found.length > 0) {
          setDoubts({ at, missing: [...new Set(missing.map((each) => each.field))], found });
          return null;
        }
      }
      // Who sends in spite of the warnings also writes to an address from which a letter came back.
      const isToOne = content.to.length + content.cc.length + content.bcc.length === 1;
      const body = {
        undoSeconds: 10,
        version: saving.version(),
        ...(at !== undefined && { sendAt: at }),
        ...(sure && isToOne && { overrideBounces: true }),
      };
      const { data } = await client.POST("/v2/drafts/{draft}/send", { params, body });
      saving.stop();
      return data as LetterOut;
    },
    onSuccess: (letter, { at }) => {
      if (!letter) return;
      onOpen(null);
      queries.removeQueries({ queryKey: draftKey(draft.key) });
      undoable(at === undefined ? "Sent" : `It is sent ${timeInWords(letter.dueTimestamp)}`, async () => {
        const back = await takeBack(letter.key);
        if (back) onOpen(back);
        say("Not sent. It is a draft again.");
      });
      void refreshDrafts();
    },
    onError: setRefusal,
  });
  const submit = (at?: number) => {
    if (content.to.length + content.cc.length + content.bcc.length === 0) {
      setRefusal(new Error("Add at least one recipient"));
      root.current?.querySelector<HTMLInputElement>("[aria-label=To]")?.focus();
      return;
    }
    const wrong = [...content.to, ...content.cc, ...content.bcc].filter((each) => !isRecipient(each));
    if (wrong.length > 0) return setRefusal(new Error(`${wrong.join(", ")} is not an e-mail address`));
    send.mutate({ ...(at !== undefined && { at }) });
  };
  const look = useMutation({
    mutationFn: async () => {
      await saving.flush();
      const params = { path: { draft: draft.key } };
      return (await client.POST("/v2/drafts/{draft}/preview", { params, body: {} })).data as DraftPreviewOut;
    },
    onSuccess: setPreview,
  });
  const at = (...members: string[]) => members.map((each) => errorWithin(saving.error, each)?.message).find(Boolean);
  const sender = senders.find(({ mailboxKey }) => mailboxKey === content.mailboxKey);

  return (
    <div ref={root} className={classes.letter}>
      <header className={classes.composeHead}>
        <Text fw={600} size="sm">
          {TITLES[draft.kind] ?? "E-mail"}
        </Text>
        <Text size="xs" className="quiet" role="status">
          {content.version > 1 || saving.state !== "saved" ? STATES[saving.state] : ""}
        </Text>
        <Group gap={2} ml="auto" wrap="nowrap">
          <ActionIcon aria-label="Preview" loading={look.isPending} onClick={() => look.mutate()}>
            <IconEye size={17} stroke={1.6} />
          </ActionIcon>
          {isOwn && (
            <ActionIcon aria-label="Delete the draft" loading={discard.isPending} onClick={() => discard.mutate()}>
              <IconTrash size={16} stroke={1.6} />
            </ActionIcon>
          )}
          <ActionIcon aria-label="Close the draft" onClick={close}>
            <IconX size={17} stroke={1.6} />
          </ActionIcon>
        </Group>
      </header>
      {saving.state === "conflict" && (
        <Conflict
          onTheirs={() => {
            saving.stop();
            void queries.invalidateQueries({ queryKey: draftKey(draft.key) }).then(onRenew);
          }}
          onMine={() => void saving.overwrite().catch(failed)}
          onBoth={() =>
            void saving
              .keepBoth()
              .then(({ key }) => {
                onOpen(key);
                return refreshDrafts();
              })
              .catch(failed)
          }
        />
      )}
      {saving.state === "gone" && (
        <Alert color="orange" p="xs">
          <Text size="sm">This draft was sent or deleted elsewhere. What you write here is not saved.</Text>
        </Alert>
      )}
      {senders.length === 0 ? (
        <Alert color="gray" p="xs">
          <Text size="sm">
            None of your mailboxes can send yet. <Link to="/mail/mailboxes">Connect one with an SMTP server</Link>.
          </Text>
        </Alert>
      ) : (
        <Line label="From">
          {senders.length === 1 && sender ? (
            <span className={`cut ${classes.from}`}>{nameOfSender(sender)}</span>
          ) : (
            <Select
              variant="unstyled"
              size="xs"
              aria-label="From"
              placeholder="Choose a mailbox"
              allowDeselect={false}
              data={senders.map((each) => ({ value: each.mailboxKey, label: nameOfSender(each) }))}
              value={sender?.mailboxKey ?? null}
              error={at("mailboxKey")}
              onChange={(mailboxKey) => mailboxKey && change({ mailboxKey })}
            />
          )}
        </Line>
      )}
      <Line
        label="To"
        after={
          <>
            {!copies.cc && <CopyButton label="Cc" onClick={() => setCopies({ ...copies, cc: true })} />}
            {!copies.bcc && <CopyButton label="Bcc" onClick={() => setCopies({ ...copies, bcc: true })} />}
          </>
        }
      >
        <Recipients
          label="To"
          teamKey={draft.teamKey}
          value={content.to}
          onChange={people("to")}
          error={at("to", "recipients")}
          autoFocus={!isReply && draft.to.length === 0}
        />
      </Line>
      {copies.cc && (
        <Line label="Cc">
          <Recipients label="Cc" teamKey={draft.teamKey} value={content.cc} onChange={people("cc")} error={at("cc")} />
        </Line>
      )}
      {copies.bcc && (
        <Line label="Bcc">
          <Recipients
            label="Bcc"
            teamKey={draft.teamKey}
            value={content.bcc}
            onChange={people("bcc")}
            error={at("bcc")}
          />
        </Line>
      )}
      <Line label="Subject">
        <TextInput
          variant="unstyled"
          size="xs"
          aria-label="Subject"
          value={content.subject}
          error={at("subject")}
          onChange={(event) => change({ subject: event.currentTarget.value })}
        />
      </Line>
      <Suspense fallback={<Loading rows={4} />}>
        <Editor
          ref={editor}
          label="Text"
          html={withoutStyles(parts.own)}
          onChange={(html) => write(html)}
          offers={offers}
          onChosen={chosen}
          onSend={() => submit()}
          onFiles={(files) => void attach(files)}
          autoFocus={isReply || draft.to.length > 0}
          placeholder="Write your e-mail. Type / for snippets."
        />
      </Suspense>
      {quote && draft.messageKey && (
        <Quote
          message={draft.messageKey}
          onRemove={() => {
            setQuote("");
            write(own.current, "");
          }}
        />
      )}
      <AttachedFiles
        files={content.files}
        uploading={uploading}
        onRemove={(key) => void keepFiles(content.files.filter((each) => each.key !== key).map((each) => each.key))}
      />
      <Refusal error={refusal ?? (saving.state === "failed" ? saving.error : null)} />
      <footer className={classes.composeFoot}>
        <SendButton busy={send.isPending} onSend={submit} />
        <Attach
          box={draft.boxKey}
          onFiles={(files) => void attach(files)}
          onBoxFile={(key) => void keepFiles([...content.files.map((each) => each.key), key])}
        />
        <InsertMenu offers={offers} onInsert={insert} />
        {(team.data?.mailTracking || content.track.opens || content.track.clicks) && (
          <Switch
            ml="auto"
            size="xs"
            label="Count opens and clicks"
            checked={content.track.opens || content.track.clicks}
            onChange={(event) => {
              const wanted = event.currentTarget.checked;
              change({ track: { opens: wanted, clicks: wanted } }, { track: { opens: wanted, clicks: wanted } });
            }}
          />
        )}
        {isOwn && (
          <Switch
            ml={team.data?.mailTracking ? "xs" : "auto"}
            size="xs"
            label="Shared draft"
            title="Colleagues see and change this draft"
            checked={content.shared}
            onChange={(event) => change({ shared: event.currentTarget.checked })}
          />
        )}
      </footer>
      {dropping && <div className="drop-here">Drop to attach it</div>}
      {preview && <Preview preview={preview} onClose={() => setPreview(null)} />}
      {doubts && (
        <BeforeSending
          doubts={doubts}
          onClose={() => setDoubts(null)}
          onSend={() => {
            setDoubts(null);
            send.mutate({ ...(doubts.at !== undefined && { at: doubts.at }), sure: true });
          }}
        />
      )}
    </div>
  );
}

function textAsHtml(text: string): string {
  if (!text) return "";
  const element = document.createElement("p");
  element.textContent = text;
  return `<p>${element.innerHTML.replace(/\n/g, "<br>")}</p>`;
}

function nameOfSender({ name, address, kind }: SenderOut): string {
  return `${name && name !== address ? `${name} <${address}>` : address}${kind === "shared" ? ", the team's" : ""}`;
}

function Line({ label, after, children }: { label: string; after?: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className={classes.line}>
      <span className={`quiet ${classes.lineLabel}`} aria-hidden>
        {label}
      </span>
      <div className={classes.lineValue}>{children}</div>
      {after}
    </div>
  );
}

function CopyButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button variant="subtle" color="gray" size="compact-xs" aria-label={`Add ${label}`} onClick={onClick}>
      {label}
    </Button>
  );
}

/** The draft was changed elsewhere while it was changed here. */
function Conflict(props: { onTheirs: () => void; onMine: () => void; onBoth: () => void }) {
  return (
    <Alert color="orange" p="xs" title="This draft was changed in another tab, or by a colleague">
      <Group gap="xs">
        <Button variant="default" size="compact-sm" onClick={props.onBoth}>
          Keep both
        </Button>
        <Button variant="default" size="compact-sm" onClick={props.onTheirs}>
          Show the other version
        </Button>
        <Button variant="default" size="compact-sm" onClick={props.onMine}>
          Overwrite it with mine
        </Button>
      </Group>
    </Alert>
  );
}

type Doubts = { at: number | undefined; missing: string[]; found: string[] };

/** What may be wrong with the letter. Missing values must be added; the rest the user decides. */
function BeforeSending({ doubts, onSend, onClose }: { doubts: Doubts; onSend: () => void; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Before you send" size="sm">
      <Stack>
        <ul className={classes.doubts}>
          {doubts.missing.map((field) => (
            <li key={field}>
              <code>{`{{${field}}}`}</code> has no value. Add a default, such as <code>{`{{${field}|there}}`}</code>.
            </li>
          ))}
          {doubts.found.map((each) => (
            <li key={each}>{each}.</li>
          ))}
        </ul>
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            Go back
          </Button>
          {doubts.missing.length === 0 && <Button onClick={onSend}>Send anyway</Button>}
        </Group>
      </Stack>
    </Modal>
  );
}

/** The letter as its recipients get it, without the e-mail that it quotes. */
function Preview({ preview, onClose }: { preview: DraftPreviewOut; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={preview.subject || "Without a subject"} size="lg">
      <Stack gap="xs">
        <Text size="sm" className="quiet" style={{ overflowWrap: "anywhere" }}>
          From {preview.from ?? "no mailbox"}, to{" "}
          {[...preview.to, ...preview.cc, ...preview.bcc].join(", ") || "nobody"}
        </Text>
        <Suspense fallback={<Loading rows={4} />}>
          <Editor label="Preview of the text" html={withoutStyles(splitQuote(preview.html).own)} readOnly />
        </Suspense>
        <Refusal
          error={
            preview.missing.length > 0
              ? `Without a value: ${[...new Set(preview.missing.map(({ field }) => field))].join(", ")}`
              : null
          }
        />
        {preview.warnings.map((each) => (
          <Text key={each} size="sm" className="quiet">
            {each}.
          </Text>
        ))}
      </Stack>
    </Modal>
  );
}
