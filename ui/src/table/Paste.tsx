import { Alert, Button, Group, Modal, ScrollArea, Select, Table, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { PipelineOut, TableGroup } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { boxes, type Operation, runBatch } from "./batch";
import type { Column } from "./columns";
import { bodies, guessTargets, readPasted } from "./paste";

type PasteProps = {
  pipeline: PipelineOut;
  columns: ReadonlyMap<string, Column>;
  shown: readonly Column[];
  lines: string[][];
  /** The active cell's column, and the boxes from the active row downwards. */
  from: string | null;
  below: readonly string[];
  group: TableGroup | undefined;
  by: string;
  onClose: () => void;
};

/** Rows pasted from a spreadsheet. The user maps the columns, then creates boxes or changes existing ones. */
export function Paste({ pipeline, columns, shown, lines, from, below, group, by, onClose }: PasteProps) {
  const pasted = readPasted(lines, columns);
  const [targets, setTargets] = useState(() => guessTargets(pasted, shown, columns, from));
  const read = useQuery({
    queryKey: ["pasted", lines, targets],
    queryFn: () => bodies(pasted.lines, targets, columns, pipeline),
    gcTime: 0,
  });
  const named = targets.includes("name");
  const parsed = read.data?.parsed ?? [];
  const start = by === "stage" && group?.key ? { stageKey: group.key } : {};

  const write = useMutation({
    meta: { quiet: true },
    mutationFn: async (operations: Operation[]) => {
      const isNew = operations[0]?.path.startsWith("/v2/");
      return runBatch(operations, (count) => `${isNew ? "Added" : "Changed"} ${boxes(count)}`);
    },
    onSuccess: onClose,
  });
  const adding = parsed
    .filter((each) => typeof each.name === "string")
    .map(
      (body): Operation => ({
        method: "POST",
        path: `/v2/pipelines/${pipeline.key}/boxes`,
        body: { ...start, ...body },
      }),
    );
  const changing = parsed.flatMap((body, at): Operation[] => {
    const key = below[at];
    return key && Object.keys(body).length > 0 ? [{ method: "POST", path: `/v1/boxes/${key}`, body }] : [];
  });

  return (
    <Modal opened onClose={onClose} title={`Paste ${pasted.lines.length} rows`} size="xl">
      <Text size="sm" className="quiet" mb="sm">
        {pasted.header ? "The first line names the columns." : "Choose what each column is."} What is left out is not
        pasted.
      </Text>
      <ScrollArea.Autosize mah={320} type="auto">
        <Table striped withColumnBorders fz="xs">
          <Table.Thead>
            <Table.Tr>
              {targets.map((target, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: pasted columns have no other name
                <Table.Th key={at} miw={140}>
                  <Select
                    size="xs"
                    aria-label={`Column ${at + 1} is`}
                    placeholder="Leave out"
                    clearable
                    searchable
                    data={[...columns.values()]
                      .filter((each) => each.editable)
                      .map((each) => ({ value: each.key, label: each.name }))}
                    value={target}
                    onChange={(key) => setTargets((before) => before.with(at, key))}
                  />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pasted.lines.slice(0, 8).map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: pasted lines have no other name
              <Table.Tr key={at}>
                {targets.map((_, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: pasted cells have no other name
                  <Table.Td key={place} className="cut" maw={220}>
                    {line[place]}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {pasted.lines.length > 8 && (
        <Text size="xs" className="quiet" mt={4}>
          and {pasted.lines.length - 8} more
        </Text>
      )}
      {(read.data?.unread.length ?? 0) > 0 && (
        <Alert color="orange" mt="sm" p="xs">
          Left empty, for they cannot be such values ({read.data?.unread.length}):{" "}
          {read.data?.unread.slice(0, 3).join("; ")}
        </Alert>
      )}
      <Refusal error={write.error} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        {below.length > 0 && (
          <Button
            variant="default"
            disabled={changing.length === 0}
            loading={write.isPending}
            onClick={() => write.mutate(changing)}
          >
            Write over {boxes(changing.length)}
          </Button>
        )}
        <Button disabled={!named || adding.length === 0} loading={write.isPending} onClick={() => write.mutate(adding)}>
          Add {boxes(adding.length)}
        </Button>
      </Group>
    </Modal>
  );
}
