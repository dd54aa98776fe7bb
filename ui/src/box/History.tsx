import { Button, Group, Text } from "@mantine/core";
import { IconArrowNarrowRight, IconHistory } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEditBox } from "../api/boxes";
import { api } from "../api/client";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import type { Change } from "../api/schema";
import { undo } from "../api/undo";
import { Moment } from "../components/Moment";
import { Face, Faces, type Known } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { StageTag } from "../components/StageTag";
import { Empty, Loading, Ready } from "../components/states";
import { say } from "../components/toasts";
import { kindOf } from "../fields/kinds";
import { type Member, membersOf } from "./changes";
import { useOpenBox } from "./context";
import values from "./Fields.module.css";
import classes from "./Timeline.module.css";

/** All changes of the box. A member can be set back to its old value, and any change can be undone. */
export function History() {
  const { box } = useOpenBox();
  const query = api.useInfiniteQuery(
    "get",
    "/v2/boxes/{box}/history",
    { params: { path: { box: box.key }, query: { limit: 40 } } },
    { pageParamName: "cursor", initialPageParam: "", getNextPageParam: (page) => page.cursor },
  );
  return (
    <section aria-label="History" className={classes.timeline}>
      <Ready query={query} loading={<Loading rows={5} />}>
        {(data) => {
          const changes = data.pages.flatMap((page) => page.results);
          if (changes.length === 0) return <Empty icon={IconHistory} title="Nothing was changed yet" />;
          return (
            <ol className={classes.entries}>
              {changes.map((change) => (
                <li key={change.key}>
                  <ChangeLine change={change} />
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
    </section>
  );
}

const refresh = () => queries.invalidateQueries({ queryKey: ["get", "/v2/boxes/{box}/history"] });

function ChangeLine({ change }: { change: Change }) {
  const { box, pipeline, mayEdit } = useOpenBox();
  const edit = useEditBox();
  const takeBack = useMutation({
    mutationFn: () => undo(change.change),
    onSuccess: () => say("Undone"),
  });
  const members = membersOf(change, pipeline);
  return (
    <article className={classes.past} aria-label={change.story}>
      <Face person={{ email: change.actor?.displayName ?? "·", userKey: change.actor?.key ?? "" }} size={22} />
      <div className={classes.pastBody}>
        <Group gap={6} wrap="nowrap" align="baseline">
          <Text size="sm" className={classes.eventText ?? ""} c="var(--strong)">
            {ofThisBox(change.story, box.name, pipeline.name)}
          </Text>
          {change.via?.name && (
            <Text span size="xs" className="quiet cut">
              via {change.via.name}
            </Text>
          )}
          <Text size="xs" className={`quiet ${classes.when}`}>
            <Moment at={change.timestamp} />
          </Text>
          {mayEdit && change.actor && change.kind !== "box.created" && (
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              flex="none"
              loading={takeBack.isPending}
              onClick={() => takeBack.mutate()}
            >
              {change.undoes ? "Do it again" : "Undo"}
            </Button>
          )}
        </Group>
        {members.map((member) => (
          <div key={member.field ?? member.name} className={classes.member}>
            <span className="quiet">{member.name}</span>
            <Value member={member} value={member.before} />
            <IconArrowNarrowRight size={14} stroke={1.6} aria-label="became" />
            <Value member={member} value={member.after} />
            {mayEdit && (
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Set back: ${member.name}`}
                onClick={() =>
                  edit.mutate(
                    { box, edit: member.back, says: `${member.name} set back` },
                    { onSuccess: () => void refresh() },
                  )
                }
              >
                Set back
              </Button>
            )}
          </div>
        ))}
      </div>
    </article>
  );
}

/** The sentence without the name of the box, which is open. */
function ofThisBox(story: string, box: string, pipeline: string): string {
  const within = ` in ${pipeline}`;
  return (story.endsWith(within) ? story.slice(0, -within.length) : story).replace(box || "\n", "this box");
}

function Value({ member, value }: { member: Member; value: unknown }) {
  const { pipeline } = useOpenBox();
  const field = pipeline.fields.find((each) => each.key === member.field);
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) {
    return <span className={values.unset}>empty</span>;
  }
  if (field) {
    const { Draw } = kindOf(field);
    return (
      <span className={classes.memberValue}>
        <Draw field={field} value={value} />
      </span>
    );
  }
  if (member.name === "Stage") {
    const stage = pipeline.stages[String(value)];
    return stage ? <StageTag stage={stage} /> : <span className={values.unset}>a stage that is gone</span>;
  }
  if (Array.isArray(value)) return <ValueList member={member} values={value} />;
  return <span className={`${classes.memberValue} ${values.text}`}>{String(value)}</span>;
}

function ValueList({ member, values }: { member: Member; values: unknown[] }) {
  const { pipeline } = useOpenBox();
  const people = usePeople(pipeline.teamKey, pipeline.aclEntries);
  const noun = member.name === "Contacts" ? "contacts" : "organizations";
  const isDirectory = ["Contacts", "Organizations"].includes(member.name);
  const names = useNames(noun, isDirectory ? values.map((each) => String((each as { key: string }).key)) : []);
  if (isDirectory) return <span>{names.map((each) => each ?? "…").join(", ")}</span>;
  if (member.name === "Linked boxes") return <span>{values.length === 1 ? "1 box" : `${values.length} boxes`}</span>;
  return <Faces people={values.map((key): Known => people.get(String(key)) ?? { email: "somebody" })} />;
}
