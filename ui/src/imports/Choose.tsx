import { Button, FileButton, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconTableImport } from "@tabler/icons-react";
import { useState } from "react";
import classes from "./imports.module.css";
import type { Table } from "./table";

/** Takes a dropped or chosen file, or pasted rows. */
export function Choose({ onTable }: { onTable: (table: Table) => void }) {
  const [over, setOver] = useState(false);
  const [pasted, setPasted] = useState("");
  return (
    <Stack>
      <section
        className={classes.drop}
        data-over={over || undefined}
        aria-label="Drop a table here"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const file = event.dataTransfer.files[0];
          if (file) onTable({ name: file.name, content: file });
        }}
      >
        <IconTableImport size={28} stroke={1.5} />
        <Text fw={600}>Drop a CSV or Excel file here</Text>
        <Text size="sm" className="quiet">
          ODS, JSON and JSON lines work too. You see a preview before anything is saved.
        </Text>
        <FileButton
          accept=".csv,.tsv,.txt,.json,.jsonl,.xlsx,.xls,.ods,.gz"
          onChange={(file) => file && onTable({ name: file.name, content: file })}
        >
          {(props) => (
            <Button variant="default" {...props}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </section>
      <Textarea
        label="Or paste rows of a spreadsheet, with their heading"
        autosize
        minRows={3}
        maxRows={10}
        value={pasted}
        onChange={(event) => setPasted(event.currentTarget.value)}
      />
      <Group>
        <Button
          variant="default"
          disabled={pasted.trim() === ""}
          onClick={() => onTable({ name: "pasted.csv", content: new Blob([pasted]) })}
        >
          Preview
        </Button>
      </Group>
    </Stack>
  );
}
