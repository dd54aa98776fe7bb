import { ActionIcon, Button, Group, Kbd, Text, Title, Tooltip } from "@mantine/core";
import { IconInbox, IconSettings, IconX } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { MailSuggestion } from "../api/schema";
import { changeOf, offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { failed, say } from "../components/toasts";
import { lazily } from "../lib/lazily";
import classes from "../mail/mail.module.css";

const BoxChoice = lazily(() => import("../mail/BoxChoice").then((file) => ({ default: file.BoxChoice })));
const SUGGESTIONS = ["get", "/v2/mail/suggestions"] as const;

/** Screen with the e-mail that waits for a decision: into which box, or into none. */
export default function ToBeBoxed() {
  const query = api.useQuery(...SUGGESTIONS, { params: { query: { limit: 200 } } }, { refetchInterval: 30_000 });
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
  const at = Math.min(current, suggestions.length - 1);
  const chosen = suggestions[at];
  const step = (by: number) => setCurrent(Math.max(0, Math.min(suggestions.length - 1, at + by)));
  const settle = async (says: string, response: Response) => {
    if (changeOf(response)) offerUndo(says, response);
    else say(says);
    await queries.invalidateQueries({ queryKey: SUGGESTIONS });
  };
  const put = async (suggestion: MailSuggestion, box: string, name: string) => {
    const { response } = await client.POST("/v2/mail/suggestions/{suggestion}/box", {
      params: { path: { suggestion: suggestion.key } },
      body: { boxKeys: [box] },
    });
    await settle(name ? `Put into ${name}` : "Put into the box", response);
  };
  const dismiss = async (suggestion: MailSuggestion) => {
    try {
      const { response } = await client.POST("/v2/mail/suggestions/{suggestion}/dismiss", {
        params: { path: { suggestion: suggestion.key } },
      });
      await settle("Left out of all boxes", response);
    } catch (error) {
      failed(error);
    }
  };
  useCommands([
    { id: "mail-next", label: "Next e-mail", section: "To be boxed", keys: "j", run: () => step(1) },
    { id: "mail-before", label: "Previous e-mail", section: "To be boxed", keys: "k", run: () => step(-1) },
    {
      id: "mail-box",
      label: "Put the e-mail into a box",
      section: "To be boxed",
      keys: "b",
      run: () => chosen && setChoosing(chosen),
    },
    {
      id: "mail-dismiss",
      label: "Leave the e-mail out of all boxes",
      section: "To be boxed",
      keys: "e",
      run: () => chosen && void dismiss(chosen),
    },
  ]);
  return (
    <>
      <ul className={classes.suggestions} aria-label="E-mail to be boxed">
        {suggestions.map((suggestion, index) => (
          <Suggestion
            key={suggestion.key}
            suggestion={suggestion}
            current={index === at}
            onPut={(box, name) => put(suggestion, box, name).catch(failed)}
            onChoose={() => setChoosing(suggestion)}
            onDismiss={() => void dismiss(suggestion)}
          />
        ))}
      </ul>
      <Text size="xs" className={`quiet ${classes.keys}`}>
        <Kbd size="xs">j</Kbd> <Kbd size="xs">k</Kbd> move · <Kbd size="xs">b</Kbd> box · <Kbd size="xs">e</Kbd> leave
        out
      </Text>
      <Suspense fallback={null}>
        {choosing && (
          <BoxChoice
            title={`Where does “${choosing.subject || "this e-mail"}” belong?`}
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
  current: boolean;
  onPut: (box: string, name: string) => Promise<unknown>;
  onChoose: () => void;
  onDismiss: () => void;
};

function Suggestion({ suggestion, current, onPut, onChoose, onDismiss }: SuggestionProps) {
  const { from, subject, snippet, timestamp, boxes } = suggestion;
  const name = subject || "Without a subject";
  return (
    <li className={classes.suggestion} data-current={current || undefined} aria-label={name} aria-current={current}>
      <div className={classes.sender}>
        <span className="cut">
          <strong>{name}</strong>
        </span>
        <Text span size="xs" className="quiet cut">
          {from ? from.name || from.email : "In your mailbox"}
          {snippet && ` · ${snippet}`}
        </Text>
        <Group gap={6} mt={6}>
          {boxes.map((box) => (
            <Button key={box.key} variant="light" size="compact-xs" onClick={() => void onPut(box.key, box.name)}>
              {box.name}
            </Button>
          ))}
          <Button variant="default" size="compact-xs" onClick={onChoose}>
            {boxes.length > 0 ? "Another box" : "Choose a box"}
          </Button>
        </Group>
      </div>
      <Text span size="xs" className={`quiet ${classes.when}`}>
        <Moment at={timestamp ?? suggestion.creationTimestamp} />
      </Text>
      <Tooltip label="Leave out of all boxes">
        <ActionIcon aria-label={`Leave out ${name}`} onClick={onDismiss}>
          <IconX size={16} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
