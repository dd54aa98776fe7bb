import { ActionIcon, Button, Group, Kbd, Text, Title, Tooltip } from "@mantine/core";
import { IconInbox, IconSettings, IconX } from "@tabler/icons-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { MailSuggestion } from "../api/schema";
import { offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { failed } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { useWaiting, type Waiting } from "../mail/headers";
import classes from "../mail/mail.module.css";

const BoxChoice = lazily(() => import("../mail/BoxChoice").then((file) => ({ default: file.BoxChoice })));
const SUGGESTIONS = ["get", "/v2/mail/suggestions", { params: { query: { limit: 200 } } }] as const;
/** Proposed boxes that a digit chooses. */
const NUMBERED = 9;

/** Screen with the e-mail that waits for a decision: into which box, or into none. */
export default function ToBeBoxed() {
  const query = api.useQuery(...SUGGESTIONS, { refetchInterval: 30_000 });
  return (
    <div className={classes.screen}>
      <Group justify="space-between">
        <Title order={1}>To be boxed</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/mail/suggestions" }} />
          <Button
            component={Link}
            to="/mail/mailboxes"
            variant="default"
            leftSection={<IconSettings size={15} stroke={1.6} />}
          >
            Mailboxes
          </Button>
        </Group>
      </Group>
      <Text className="quiet">E-mail that fits several boxes, or none. You decide where it belongs.</Text>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty
              icon={IconInbox}
              title="Nothing to decide"
              action={
                <Button component={Link} to="/mail/mailboxes" variant="default">
                  Connect a mailbox
                </Button>
              }
            >
              E-mail whose box is not clear appears here. Other e-mail goes to its box by itself.
            </Empty>
          ) : (
            <Suggestions suggestions={results} />
          )
        }
      </Ready>
    </div>
  );
}

function Suggestions({ suggestions }: { suggestions: MailSuggestion[] }) {
  const [current, setCurrent] = useState(0);
  const [choosing, setChoosing] = useState<MailSuggestion | null>(null);
  const waiting = useWaiting(suggestions);
  const list = useRef<HTMLUListElement>(null);
  const at = Math.min(current, suggestions.length - 1);
  const chosen = suggestions[at];
  const isGone = chosen !== undefined && waiting.of(chosen).state === "gone";
  const step = (by: number) => {
    const next = Math.max(0, Math.min(suggestions.length - 1, at + by));
    setCurrent(next);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  /** Sends a decision. The e-mail leaves the list at once, and returns if the server refuses the decision. */
  const decide = async (suggestion: MailSuggestion, says: string, send: () => Promise<{ response: Response }>) => {
    queries.setQueryData<{ results: MailSuggestion[] }>(
      SUGGESTIONS,
      (before) => before && { ...before, results: before.results.filter(({ key }) => key !== suggestion.key) },
    );
    try {
      offerUndo(says, (await send()).response);
    } finally {
      await queries.invalidateQueries({ queryKey: SUGGESTIONS.slice(0, 2) });
    }
  };
  const put = (suggestion: MailSuggestion, box: string, name: string) =>
    decide(suggestion, name ? `Put into ${name}` : "Put into the box", () =>
      client.POST("/v2/mail/suggestions/{suggestion}/box", {
        params: { path: { suggestion: suggestion.key } },
        body: { boxKeys: [box] },
      }),
    );
  const dismiss = (suggestion: MailSuggestion) =>
    decide(suggestion, "Left out of all boxes", () =>
      client.POST("/v2/mail/suggestions/{suggestion}/dismiss", { params: { path: { suggestion: suggestion.key } } }),
    ).catch(failed);
  useCommands([
    { id: "mail-next", label: "Next e-mail", section: "To be boxed", keys: "j", run: () => step(1) },
    { id: "mail-before", label: "Previous e-mail", section: "To be boxed", keys: "k", run: () => step(-1) },
    {
      id: "mail-down",
      label: "Next e-mail",
      section: "To be boxed",
      keys: "ArrowDown",
      hidden: true,
      run: () => step(1),
    },
    {
      id: "mail-up",
      label: "Previous e-mail",
      section: "To be boxed",
      keys: "ArrowUp",
      hidden: true,
      run: () => step(-1),
    },
    {
      id: "mail-box",
      label: "Put the e-mail into a box",
      section: "To be boxed",
      keys: "b",
      run: () => chosen && !isGone && setChoosing(chosen),
    },
    {
      id: "mail-dismiss",
      label: "Leave the e-mail out of all boxes",
      section: "To be boxed",
      keys: "e",
      run: () => chosen && void dismiss(chosen),
    },
    ...(isGone ? [] : (chosen?.boxes ?? []).slice(0, NUMBERED)).map((box, index) => ({
      id: `mail-box-${index + 1}`,
      label: `Put the e-mail into ${box.name}`,
      section: "To be boxed",
      keys: String(index + 1),
      run: () => chosen && void put(chosen, box.key, box.name).catch(failed),
    })),
  ]);
  return (
    <>
      <ul className={classes.suggestions} aria-label="E-mail to be boxed" ref={list}>
        {suggestions.map((suggestion, index) => (
          <Suggestion
            key={suggestion.key}
            suggestion={suggestion}
            waiting={waiting.of(suggestion)}
            current={index === at}
            onPut={(box, name) => put(suggestion, box, name).catch(failed)}
            onChoose={() => setChoosing(suggestion)}
            onDismiss={() => void dismiss(suggestion)}
            onReadAgain={waiting.again}
            onFocus={() => setCurrent(index)}
          />
        ))}
      </ul>
      <Text size="xs" className={`quiet ${classes.keys}`}>
        <Kbd size="xs">j</Kbd> <Kbd size="xs">k</Kbd> move · <Kbd size="xs">1</Kbd> to <Kbd size="xs">{NUMBERED}</Kbd>{" "}
        proposed box · <Kbd size="xs">b</Kbd> another box · <Kbd size="xs">e</Kbd> leave out
      </Text>
      <Suspense fallback={null}>
        {choosing && (
          <BoxChoice
            title={`Where does “${waiting.of(choosing).subject || "this e-mail"}” belong?`}
            action="Put into the box"
            offered={choosing.boxes}
            onChoose={async (box) => {
              await put(choosing, box, choosing.boxes.find(({ key }) => key === box)?.name ?? "");
              setChoosing(null);
            }}
            onClose={() => setChoosing(null)}
          />
        )}
      </Suspense>
    </>
  );
}

type SuggestionProps = {
  suggestion: MailSuggestion;
  waiting: Waiting;
  current: boolean;
  onPut: (box: string, name: string) => Promise<unknown>;
  onChoose: () => void;
  onDismiss: () => void;
  onReadAgain: () => void;
  onFocus: () => void;
};

function Suggestion(props: SuggestionProps) {
  const { suggestion, waiting, current, onPut, onChoose, onDismiss, onReadAgain, onFocus } = props;
  const self = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (current) self.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const name = TITLES[waiting.state] ?? (waiting.subject || "Without a subject");
  return (
    <li
      ref={self}
      className={classes.suggestion}
      tabIndex={-1}
      data-current={current || undefined}
      aria-label={name}
      aria-current={current}
      onFocus={onFocus}
    >
      <div className={classes.sender}>
        <span className="cut">{waiting.state === "known" ? <strong>{name}</strong> : <em>{name}</em>}</span>
        <Text span size="xs" className="quiet cut">
          {waiting.problem ?? peopleOf(waiting)}
          {waiting.snippet && ` · ${waiting.snippet}`}
        </Text>
        <Group gap={6} mt={6}>
          {waiting.state !== "gone" && (
            <>
              {suggestion.boxes.map((box) => (
                <Button
                  key={box.key}
                  className={classes.offer}
                  variant="light"
                  size="compact-xs"
                  onClick={() => void onPut(box.key, box.name)}
                >
                  {box.name}
                </Button>
              ))}
              <Button variant="default" size="compact-xs" onClick={onChoose}>
                {suggestion.boxes.length > 0 ? "Another box" : "Choose a box"}
              </Button>
            </>
          )}
          {waiting.state === "failed" && (
            <Button variant="subtle" size="compact-xs" onClick={onReadAgain}>
              Read again
            </Button>
          )}
        </Group>
      </div>
      <Text span size="xs" className={`quiet ${classes.when}`}>
        <Moment at={waiting.timestamp ?? suggestion.creationTimestamp} />
      </Text>
      <Tooltip label="Leave out of all boxes">
        <ActionIcon aria-label={`Leave out ${name}`} onClick={onDismiss}>
          <IconX size={16} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}

const TITLES: Partial<Record<Waiting["state"], string>> = {
  reading: "Reading from your mailbox…",
  failed: "Your mailbox cannot be read now",
  gone: "Not in your mailbox any longer",
};

function peopleOf({ state, from, to = [] }: Waiting): string {
  if (state !== "known") return state === "gone" ? "It was moved or deleted there." : "";
  const names = to.map((each) => each.name || each.email).join(", ");
  const sender = from ? from.name || from.email : "An unknown sender";
  return names ? `${sender} to ${names}` : sender;
}
