import { ActionIcon, Button, Group, Modal, Select, Stack, Text, Title, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconTrashX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { TrashedOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import { useSearch } from "../lib/search";
import classes from "./Trash.module.css";

/** Nouns of the trash in words. */
const NOUNS: Record<string, [singular: string, plural: string]> = {
  pipeline: ["Pipeline", "Pipelines"],
  box: ["Box", "Boxes"],
  task: ["Task", "Tasks"],
  comment: ["Comment", "Comments"],
  meeting: ["Meeting", "Meetings"],
  file: ["File", "Files"],
  thread: ["Conversation", "Conversations"],
  contact: ["Contact", "Contacts"],
  organization: ["Organization", "Organizations"],
  stage: ["Stage", "Stages"],
  field: ["Column", "Columns"],
  view: ["View", "Views"],
  snippet: ["Snippet", "Snippets"],
  webhook: ["Webhook", "Webhooks"],
  inbound: ["Inbound webhook", "Inbound webhooks"],
  automation: ["Automation", "Automations"],
};

/** Screen with what was deleted in the last 30 days and can be restored. */
export default function Trash() {
  const [search, setSearch] = useSearch();
  const noun = search.get("noun") ?? "";
  const query = api.useInfiniteQuery(
    "get",
    "/v2/trash",
    { params: { query: { limit: 50, ...(noun ? { noun } : {}) } } },
    {
      pageParamName: "cursor",
      initialPageParam: "",
      getNextPageParam: (page) => page.cursor,
      refetchOnMount: "always",
    },
  );
  const things = query.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <div className={classes.screen}>
      <Group justify="space-between">
        <Title order={1}>Trash</Title>
        <Group gap="sm">
          <Select
            aria-label="Kind"
            w={170}
            data={[
              { value: "", label: "Everything" },
              ...Object.entries(NOUNS).map(([value, [, label]]) => ({ value, label })),
            ]}
            value={noun}
            allowDeselect={false}
            onChange={(value) => setSearch(value ? { noun: value } : {})}
          />
          <CopyAsCode call={{ method: "GET", path: "/v2/trash", query: { noun } }} />
        </Group>
      </Group>
      <Ready query={query}>
        {() =>
          things.length === 0 ? (
            <Empty icon={IconTrashX} title="Nothing here">
              What is deleted stays here for 30 days, from a single comment to a whole pipeline, and can be put back as
              it was.
            </Empty>
          ) : (
            <ul className={classes.list} aria-label="Deleted">
              {things.map((each) => (
                <Thing key={each.key} thing={each} />
              ))}
            </ul>
          )
        }
      </Ready>
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </div>
  );
}

/** What is deleted for good together with it. */
const LOST: Record<string, string> = {
  pipeline: "All of its boxes, with their comments, tasks, files and history, its columns, views and automations",
  box: "Its comments, tasks, meetings, files and history",
  comment: "The replies to it",
  file: "What it holds",
  thread: "The messages in it",
  stage: "Its name, its colour and which boxes stood in it",
  field: "The value that each box had in it",
  automation: "Its steps and the log of its runs",
  webhook: "Its secret and the log of its deliveries",
};

function Thing({ thing }: { thing: TrashedOut }) {
  const name = thing.name || "Without a name";
  const restore = useMutation({
    mutationFn: () => client.POST("/v2/trash/{trashed}/restore", { params: { path: { trashed: thing.key } } }),
    onSuccess: async ({ response }) => {
      offerUndo(`${name} is back`, response);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "get" });
    },
  });
  const [forgetting, dialog] = useDisclosure(false);
  return (
    <li className={classes.thing}>
      <div>
        <div className="cut" title={name}>
          {name}
        </div>
        <p>
          {NOUNS[thing.noun]?.[0] ?? thing.noun} · deleted <Moment at={thing.deletedTimestamp} />
          <DeletedBy thing={thing} /> · gone for good <Moment at={thing.until} day />
        </p>
      </div>
      <Group gap={4} wrap="nowrap">
        <Button
          variant="default"
          size="compact-sm"
          aria-label={`Restore ${name}`}
          loading={restore.isPending}
          onClick={() => restore.mutate()}
        >
          Restore
        </Button>
        <Tooltip label="Delete for good">
          <ActionIcon aria-label={`Delete ${name} for good`} onClick={dialog.open}>
            <IconTrashX size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {forgetting && <DeleteForGood thing={thing} name={name} onClose={dialog.close} />}
    </li>
  );
}

type DeleteForGoodProps = { thing: TrashedOut; name: string; onClose: () => void };

/** Asks for confirmation before deleting for good. */
function DeleteForGood({ thing, name, onClose }: DeleteForGoodProps) {
  const forget = useMutation({
    mutationFn: () => client.DELETE("/v2/trash/{trashed}", { params: { path: { trashed: thing.key } } }),
    meta: { quiet: true },
    onSuccess: async () => {
      onClose();
      say(`${name} is deleted for good`);
      await queries.invalidateQueries({ queryKey: ["get", "/v2/trash"] });
    },
  });
  const lost = LOST[thing.noun];
  return (
    <Modal opened onClose={onClose} title={`Delete “${name}” for good?`}>
      <Stack>
        <Text size="sm">
          {lost ? `${lost} go with it. ` : ""}It cannot be restored afterwards: this is the one thing here that cannot
          be undone. Left alone, it could be restored until <Moment at={thing.until} day />.
        </Text>
        <Refusal error={forget.error} />
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            Keep it
          </Button>
          <Button color="red.9" loading={forget.isPending} onClick={() => forget.mutate()}>
            Delete for good
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Who deleted it, if the user is known in the team. */
function DeletedBy({ thing }: { thing: TrashedOut }) {
  const person = usePeople(thing.teamKey ?? "").get(thing.deletedBy);
  return person ? ` by ${nameOf(person)}` : null;
}
