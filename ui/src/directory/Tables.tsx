import { Button, FileButton, Group, List, Modal, Stack, Text } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { EntryImportOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { rawBody } from "../imports/table";
import type { Noun } from "./nouns";

const FORMATS = [
  { format: "csv", label: "CSV" },
  { format: "vcf", label: "vCard" },
  { format: "jsonl", label: "JSON lines" },
];

/** Exports the contacts (or organizations) of a team, and imports a file after showing what it would do. */
export function Tables({ noun, team, onClose }: { noun: Noun; team: string; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<EntryImportOut | null>(null);
  const [done, setDone] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const path = `/v2/teams/{team}/${noun.path}/import` as const;

  const send = async (chosen: File, dryRun: boolean) => {
    setBusy(true);
    setError(null);
    try {
      const { data, response } = await client.POST(path, {
        params: { path: { team }, query: dryRun ? { dryRun: true } : {} } as never,
        headers: { "Content-Type": "application/octet-stream" },
        body: chosen as never,
        ...rawBody,
      });
      setFound(data as EntryImportOut);
      setDone(!dryRun);
      if (!dryRun) {
        offerUndo(`Imported ${noun.path}`, response);
        await queries.invalidateQueries();
      }
    } catch (refusal) {
      // A long table has no dry run: it can be imported without one.
      setFound(null);
      if (!dryRun || !errorAt(refusal, "dryRun")) {
        setError(refusal);
        setFile(null);
      }
    } finally {
      setBusy(false);
    }
  };
  const choose = (chosen: File | null) => {
    if (!chosen) return;
    setFile(chosen);
    setDone(false);
    void send(chosen, true);
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={`Import & export ${noun.path}`}>
      <Stack>
        <Group gap="xs">
          {FORMATS.map(({ format, label }) => (
            <Button
              key={format}
              component="a"
              variant="default"
              leftSection={<IconDownload size={15} />}
              href={`/api/v2/teams/${team}/${noun.path}/export?format=${format}&bom=true`}
              download={`${noun.path}.${format}`}
            >
              {label}
            </Button>
          ))}
          <FileButton accept=".csv,.tsv,.txt,.vcf,.json,.jsonl,.xlsx,.xls,.ods,.gz" onChange={choose}>
            {(props) => (
              <Button leftSection={<IconUpload size={15} />} loading={busy} {...props}>
                Choose a file to import
              </Button>
            )}
          </FileButton>
        </Group>
        {found && <Found report={found} done={done} noun={noun} />}
        {file && !done && (
          <Group>
            <Button loading={busy} onClick={() => void send(file, false)}>
              Import {file.name}
            </Button>
          </Group>
        )}
        <Refusal error={error} />
      </Stack>
    </Modal>
  );
}

function Found({ report, done, noun }: { report: EntryImportOut; done: boolean; noun: Noun }) {
  const unknown = Object.entries(report.columns).flatMap(([column, target]) => (target === null ? [column] : []));
  return (
    <div>
      <Text role="status" fw={600}>
        {done ? "Imported" : "Would import"}: {report.created} new, {report.updated} changed, {report.unchanged}{" "}
        unchanged {noun.path}, {report.rejectedCount} rejected
      </Text>
      {unknown.length > 0 && <Text size="sm">Columns that are left out: {unknown.join(", ")}</Text>}
      <List size="sm">
        {report.rejected.slice(0, 20).map(({ row, reason }) => (
          <List.Item key={row}>
            Row {row}: {reason}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
