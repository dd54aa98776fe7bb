import { Button, Group, Radio, Stack, Text } from "@mantine/core";
import { IconArrowMerge } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { queries } from "../api/queries";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { undoable } from "../components/toasts";
import classes from "./directory.module.css";
import type { Group as Alike, Noun } from "./nouns";

/** Entries that may be duplicates. The user merges them into the chosen one. */
export function Duplicates({ noun, team }: { noun: Noun; team: string }) {
  const query = useQuery({
    queryKey: ["get", `/v2/teams/{team}/${noun.path}/duplicates`, { params: { path: { team } } }],
    queryFn: () => noun.duplicates(team),
  });
  return (
    <div className={classes.scroll}>
      <Ready query={query}>
        {(groups) =>
          groups.length === 0 ? (
            <Empty icon={IconArrowMerge} title="No duplicates">
              What shares an e-mail address, a domain, a whole name or a telephone number would be listed here.
            </Empty>
          ) : (
            <Stack p="md" maw={760} mx="auto">
              {groups.map((each) => (
                <Merge key={`${each.reason} ${each.value}`} noun={noun} group={each} />
              ))}
            </Stack>
          )
        }
      </Ready>
    </div>
  );
}

function Merge({ noun, group }: { noun: Noun; group: Alike }) {
  const [kept, setKept] = useState(group.entries[0]?.key ?? "");
  const others = group.entries.map((each) => each.key).filter((key) => key !== kept);
  const refresh = () =>
    queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes(noun.path) });
  const merge = useMutation({
    mutationFn: () => noun.merge(kept, others),
    onSuccess: (merged) => {
      undoable(`Merged into ${noun.nameOf(merged)}`, async () => {
        await noun.unmerge(kept);
        await refresh();
      });
      return refresh();
    },
  });
  return (
    <section className={classes.group} aria-label={`The same ${group.reason}: ${group.value}`}>
      <Group justify="space-between" mb={6}>
        <Text>
          <span className="quiet">The same {inWords(group.reason)}:</span> {group.value}
        </Text>
        <Button
          variant="light"
          leftSection={<IconArrowMerge size={15} />}
          loading={merge.isPending}
          onClick={() => merge.mutate()}
        >
          Merge {group.entries.length} into one
        </Button>
      </Group>
      <Radio.Group value={kept} onChange={setKept} aria-label="Which one is kept">
        <Stack gap={4}>
          {group.entries.map((each) => (
            <Group key={each.key} gap="xs" wrap="nowrap">
              <Radio value={each.key} aria-label={`Keep ${noun.nameOf(each)}`} />
              <Link className={classes.name} to={`/${noun.path}/${each.key}`}>
                {noun.nameOf(each)}
              </Link>
              <Text span size="sm" className="quiet cut">
                {("emailAddresses" in each ? each.emailAddresses : each.domains).join(", ")} · changed{" "}
                <Moment at={each.versionTimestamp} />
              </Text>
            </Group>
          ))}
        </Stack>
      </Radio.Group>
    </section>
  );
}

function inWords(reason: string): string {
  return reason.replaceAll("_", " ").toLowerCase();
}
