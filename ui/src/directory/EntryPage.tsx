import { Button, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api } from "../api/client";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { StageTag } from "../components/StageTag";
import { Loading, Ready } from "../components/states";
import { say, undoable } from "../components/toasts";
import { EditLinks } from "../fields/links";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import classes from "./directory.module.css";
import { Members } from "./Members";
import type { Changes, Entry, Noun } from "./nouns";

const EntryMail = lazily(() => import("./EntryMail"));

/** Page of one contact or organization: its data, and the boxes that name it. */
export function EntryPage({ noun }: { noun: Noun }) {
  const key = useParams()[noun.singular] ?? "";
  const query = useQuery({
    queryKey: ["get", `/v2/${noun.path}/{${noun.singular}}`, { params: { path: { [noun.singular]: key } } }],
    queryFn: () => noun.get(key),
  });
  return <Ready query={query}>{(entry) => <Page key={entry.key} noun={noun} entry={entry} />}</Ready>;
}

function Page({ noun, entry }: { noun: Noun; entry: Entry }) {
  const edit = useEdit(noun, entry);
  const [search, setSearch] = useSearch();
  const tab = search.get("tab") === "email" ? "email" : "details";
  const turn = (next: string) => setSearch(next === "email" ? { tab: next } : {}, { replace: true });
  useCommands([
    { id: "entry-email", label: "Show the e-mail", section: noun.plural, keys: "i", run: () => turn("email") },
  ]);
  return (
    <div className={classes.page}>
      <Stack>
        <Head noun={noun} entry={entry} />
        <SegmentedControl
          size="xs"
          style={{ alignSelf: "flex-start" }}
          aria-label="What is shown"
          value={tab}
          onChange={turn}
          data={[
            { value: "details", label: "Details" },
            { value: "email", label: "E-mail" },
          ]}
        />
        {tab === "email" ? (
          <Suspense fallback={<Loading rows={2} />}>
            <EntryMail noun={noun} entry={entry} />
          </Suspense>
        ) : (
          <Members noun={noun} entry={entry} onSave={(changes) => edit.mutate(changes)} />
        )}
      </Stack>
      <Stack gap="xl">
        <Boxes noun={noun} entry={entry} />
        <Linked entry={entry} noun={noun} onSave={(changes) => edit.mutate(changes)} />
        <Text size="sm" className="quiet">
          Made <Moment at={entry.creationDate} />, changed <Moment at={entry.versionTimestamp} />
        </Text>
      </Stack>
    </div>
  );
}

/** Edits the entry. The edit shows at once; if the server refuses it, the old values come back with a message. */
function useEdit(noun: Noun, entry: Entry) {
  const queryKey = ["get", `/v2/${noun.path}/{${noun.singular}}`, { params: { path: { [noun.singular]: entry.key } } }];
  return useMutation({
    mutationFn: (changes: Changes) => noun.edit(entry.key, changes),
    onMutate: (changes) => {
      const { fields, ...members } = changes;
      const shown = { ...entry, ...members, fields: { ...entry.fields, ...fields } };
      queries.setQueryData(queryKey, shown);
      // The cache holds the changed entry from here on; this is the previous one.
      return entry;
    },
    onError: (_error, _changes, before) => queries.setQueryData(queryKey, before),
    onSuccess: (saved, changes, before) => {
      const show = (now: Entry) => {
        queries.setQueryData(queryKey, now);
        // A link shows on the pages of both entries.
        if ("orgLinks" in changes || "contactLinks" in changes) {
          const other = noun.path === "contacts" ? "/v2/organizations/" : "/v2/contacts/";
          void queries.invalidateQueries({ predicate: ({ queryKey: [, path] }) => String(path).startsWith(other) });
        }
      };
      show(saved);
      undoable("Saved", async () => show(await noun.edit(entry.key, inverseOf(before, changes))));
    },
  });
}

/** The changes that undo these changes. */
export function inverseOf(entry: Entry, changes: Changes): Changes {
  const was = entry as Record<string, unknown>;
  const back: Record<string, unknown> = {};
  for (const name of Object.keys(changes)) {
    if (name === "fields") {
      const keys = Object.keys(changes.fields ?? {});
      back.fields = Object.fromEntries(keys.map((key) => [key, entry.fields[key] ?? ""]));
    } else {
      back[name] = was[name] ?? "";
    }
  }
  return back as Changes;
}

function Head({ noun, entry }: { noun: Noun; entry: Entry }) {
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => noun.remove(entry.key),
    onSuccess: async () => {
      await navigate(`/${noun.path}`);
      say(`Deleted ${noun.nameOf(entry)}. For 30 days it can be restored from the trash.`);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes(noun.path) });
    },
  });
  return (
    <Group justify="space-between" align="flex-start" wrap="nowrap">
      <div>
        <Link className="quiet" to={`/${noun.path}`}>
          {noun.plural}
        </Link>
        <Title order={1}>{noun.nameOf(entry)}</Title>
      </div>
      <Group gap="xs" wrap="nowrap">
        <CopyAsCode call={{ method: "GET", path: `/v2/${noun.path}/${entry.key}` }} />
        <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </Group>
    </Group>
  );
}

function Boxes({ noun, entry }: { noun: Noun; entry: Entry }) {
  const query = useQuery({
    queryKey: [
      "get",
      `/v2/${noun.path}/{${noun.singular}}/boxes`,
      { params: { path: { [noun.singular]: entry.key } } },
    ],
    queryFn: () => noun.boxes(entry.key),
  });
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  return (
    <section aria-label="Boxes">
      <Title order={2} mb="xs">
        Boxes
      </Title>
      <Ready query={query}>
        {(boxes) =>
          boxes.length === 0 ? (
            <Text className="quiet">No box names this {noun.singular} yet.</Text>
          ) : (
            <div className={classes.boxes}>
              {boxes.map((each) => {
                const pipeline = pipelines.data?.results.find(({ key }) => key === each.pipelineKey);
                const stage = pipeline?.stages[each.stageKey];
                return (
                  <Link key={each.key} to={`/pipelines/${each.pipelineKey}?box=${each.key}`}>
                    <span className="cut">
                      {each.name} <span className="quiet">{pipeline?.name}</span>
                    </span>
                    {stage && <StageTag stage={stage} />}
                  </Link>
                );
              })}
            </div>
          )
        }
      </Ready>
    </section>
  );
}

/** The organizations of a contact, or the contacts of an organization. */
function Linked({ noun, entry, onSave }: { noun: Noun; entry: Entry; onSave: (changes: Changes) => void }) {
  const isContact = noun.path === "contacts";
  const other = isContact ? "organizations" : "contacts";
  const title = isContact ? "Organizations" : "Contacts";
  const links = isContact ? entry.orgLinks : entry.contactLinks;
  const [changing, change] = useDisclosure(false);
  const names = useNames(
    other,
    links.map((each) => each.key),
  );
  const save = (keys: unknown) => {
    change.close();
    const chosen = ((keys ?? []) as string[]).map((key) => links.find((each) => each.key === key) ?? { key });
    onSave({ [isContact ? "orgLinks" : "contactLinks"]: chosen } as Changes);
  };
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{title}</Title>
        {!changing && (
          <Button variant="subtle" size="compact-sm" aria-label={`Change ${title.toLowerCase()}`} onClick={change.open}>
            Change
          </Button>
        )}
      </Group>
      {changing ? (
        <EditLinks
          noun={other}
          field={{ key: other, name: title, type: "" }}
          value={links.map((each) => each.key)}
          teamKey={entry.teamKey}
          onSave={save}
          onCancel={change.close}
        />
      ) : links.length === 0 ? (
        <Text className="quiet">No {isContact ? "organization" : "contact"} is linked yet.</Text>
      ) : (
        <div className={classes.boxes}>
          {links.map((each, at) => (
            <Link key={each.key} to={`/${other}/${each.key}`}>
              <span className="cut">{names[at] ?? "…"}</span>
              {each.isMagicLinked && <span className="quiet">by domain</span>}
            </Link>
          ))}
        </div>
      )}
    </section>
  );
}
