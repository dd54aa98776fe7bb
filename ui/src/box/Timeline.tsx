import { Button, Chip, Group, Text } from "@mantine/core";
import { IconMessages } from "@tabler/icons-react";
import { api } from "../api/client";
import type { operations } from "../api/schema";
import { Empty, Loading, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import { Comment } from "./Comment";
import { useOpenBox } from "./context";
import { Entry, Quoted } from "./Entry";
import classes from "./Timeline.module.css";
import { conversations } from "./threads";

type Filter = NonNullable<
  NonNullable<operations["get_v2_boxes_box_timeline"]["parameters"]["query"]>["filters"]
>[number];

const FILTERS: [Filter, string][] = [
  ["COMMENTS", "Comments"],
  ["CALL_LOGS", "Calls"],
  ["MEETING_NOTES", "Meetings"],
  ["EMAILS", "E-mail"],
  ["FILES", "Files"],
  ["TASKS", "Tasks"],
  ["NEWSFEED_BOX_CREATION_MOVE", "Moves"],
  ["NEWSFEED_BOX_EDIT", "Changes"],
];

/** Everything that happened to the box, newest first. The address says which kinds of entries are shown. */
export function Timeline() {
  const { box } = useOpenBox();
  const [search, setSearch] = useSearch();
  const named = (search.get("show") ?? "").split(",");
  const all = FILTERS.map(([name]) => name);
  const chosen = all.filter((each) => named.includes(each));
  const query = api.useInfiniteQuery(
    "get",
    "/v2/boxes/{box}/timeline",
    { params: { path: { box: box.key }, query: { filters: chosen.length ? chosen : all, limit: 40 } } },
    {
      pageParamName: "nextPageToken",
      initialPageParam: "",
      getNextPageParam: (page) => page.nextPage,
    },
  );
  const show = (names: string[]) =>
    setSearch(
      (before) => {
        if (names.length) before.set("show", names.join(","));
        else before.delete("show");
        return before;
      },
      { replace: true },
    );
  return (
    <section aria-label="Timeline" className={classes.timeline}>
      <Group gap={6} role="group" aria-label="What to show">
        <Chip size="xs" radius="sm" variant="light" checked={chosen.length === 0} onChange={() => show([])}>
          Everything
        </Chip>
        <Chip.Group multiple value={chosen} onChange={show}>
          {FILTERS.map(([name, label]) => (
            <Chip key={name} size="xs" radius="sm" variant="light" value={name}>
              {label}
            </Chip>
          ))}
        </Chip.Group>
      </Group>
      <Ready query={query} loading={<Loading rows={5} />}>
        {(data) => {
          const lines = conversations(data.pages.flatMap((page) => page.entries));
          if (lines.length === 0) {
            return (
              <Empty icon={IconMessages} title="Nothing of that kind yet">
                Comments, tasks, files and changes of this box appear here.
              </Empty>
            );
          }
          return (
            <ol className={classes.entries}>
              {lines.map((line) => (
                <li key={line.key}>
                  {line.kind === "entry" ? (
                    <Entry entry={line.entry} />
                  ) : (
                    <>
                      {line.missing && <Quoted comment={line.missing} />}
                      <Comment comment={line.comment} replies={line.replies} />
                    </>
                  )}
                </li>
              ))}
            </ol>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Button
          variant="default"
          size="compact-sm"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show older
        </Button>
      )}
      {query.isFetchNextPageError && (
        <Text size="sm" role="alert">
          The older entries could not be had. Try again.
        </Text>
      )}
    </section>
  );
}
