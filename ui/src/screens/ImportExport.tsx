import { Anchor, Button, Checkbox, Group, Stack, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { usePipeline } from "../app/pipeline";
import { CopyAsCode } from "../components/CopyAsCode";
import { Choose } from "../imports/Choose";
import { takeDropped } from "../imports/dropped";
import classes from "../imports/imports.module.css";
import { Plan } from "../imports/Plan";
import { Progress } from "../imports/Progress";
import type { Table } from "../imports/table";
import { useSearch } from "../lib/search";

const FORMATS = [
  { format: "csv", label: "CSV", says: "for spreadsheets" },
  { format: "jsonl", label: "JSON lines", says: "a box a line, for programs" },
  { format: "json", label: "JSON", says: "the pipeline with its stages and columns, and its boxes" },
];

/** Screen that imports a table into a pipeline and exports its boxes. */
export default function ImportExport() {
  const pipeline = usePipeline();
  const [search, setSearch] = useSearch();
  const [table, setTable] = useState<Table | null>(takeDropped);
  const [mails, setMails] = useState(false);
  const running = search.get("import");
  return (
    <div className={classes.page}>
      <Stack>
        <Title order={1}>Import</Title>
        {running ? (
          <>
            <Progress imported={running} pipeline={pipeline.key} />
            <Group>
              <Anchor
                component="button"
                type="button"
                underline="always"
                onClick={() => {
                  setTable(null);
                  setSearch({});
                }}
              >
                Import another table
              </Anchor>
            </Group>
          </>
        ) : table ? (
          <Plan
            pipeline={pipeline}
            table={table}
            onBack={() => setTable(null)}
            onBegun={(begun) => setSearch({ import: begun.key })}
          />
        ) : (
          <Choose onTable={setTable} />
        )}
      </Stack>
      <Stack>
        <Group justify="space-between">
          <Title order={2}>Export</Title>
          <CopyAsCode
            call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/export`, query: { format: "csv" } }}
          />
        </Group>
        {FORMATS.map(({ format, label, says }) => (
          <Group key={format} gap="sm">
            <Button
              component="a"
              variant="default"
              w={130}
              leftSection={<IconDownload size={15} />}
              href={`/api/v2/pipelines/${pipeline.key}/export?format=${format}&bom=true${format === "json" && mails ? "&mails=true" : ""}`}
              download={`${pipeline.name}.${format}`}
            >
              {label}
            </Button>
            <Text className="quiet">{says}</Text>
            {format === "json" && (
              <Checkbox
                size="xs"
                label="With e-mail"
                checked={mails}
                onChange={(event) => setMails(event.currentTarget.checked)}
              />
            )}
          </Group>
        ))}
      </Stack>
    </div>
  );
}
