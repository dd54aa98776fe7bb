import { Button, Group, Select, Title } from "@mantine/core";
import { IconTrashX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { TrashedOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { CopyAsCode } from "../parts/CopyAsCode";
import { Moment } from "../parts/Moment";
import { nameOf } from "../parts/People";
import { usePeople } from "../parts/PersonPicker";
import { Empty, Ready } from "../parts/states";
import classes from "./Trash.module.css";

/** Nouns of the trash, as a person calls them. */
const NOUNS: Record<string, [one: string, many: string]> = {
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
  automation: ["Automation", "Automations"],
};

/** What was deleted in the last 30 days, and can be put back. */
export default function Trash() {
  const [search, setSearch] = useSearchParams();
  const noun = search.get("noun") ?? "";
  const asked = api.useInfiniteQuery(
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
  const things = asked.data?.pages.flatMap((page) => page.results) ?? [];
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
      <Ready query={asked}>
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
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </div>
  );
}

function Thing({ thing }: { thing: TrashedOut }) {
  const name = thing.name || "Without a name";
  const restore = useMutation({
    mutationFn: () => client.POST("/v2/trash/{trashed}/restore", { params: { path: { trashed: thing.key } } }),
    onSuccess: async ({ response }) => {
      offerUndo(`${name} is back`, response);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "get" });
    },
  });
  return (
    <li className={classes.thing}>
      <div>
        <div className="cut" title={name}>
          {name}
        </div>
        <p>
          {NOUNS[thing.noun]?.[0] ?? thing.noun} · deleted <Moment at={thing.deletedTimestamp} />
          <By thing={thing} /> · gone for good <Moment at={thing.until} day />
        </p>
      </div>
      <Button
        variant="default"
        size="compact-sm"
        aria-label={`Restore ${name}`}
        loading={restore.isPending}
        onClick={() => restore.mutate()}
      >
        Restore
      </Button>
    </li>
  );
}

/** Who deleted it, where the team knows them. */
function By({ thing }: { thing: TrashedOut }) {
  const person = usePeople(thing.teamKey ?? "").get(thing.deletedBy);
  return person ? ` by ${nameOf(person)}` : null;
}
