import { Alert, Button, Checkbox, Group, Select, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { FieldOut, ImportOut, PipelineOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Ready } from "../components/states";
import { kindOf } from "../fields/kinds";
import classes from "./imports.module.css";
import { Reading } from "./Reading";
import { begin, DETECTED, type Plan as Planned, preview, type Table, targets } from "./table";

type Props = {
  pipeline: PipelineOut;
  table: Table;
  onBegun: (begun: ImportOut) => void;
  onBack: () => void;
};

const MAKE: Record<string, string> = {
  options: "Make the options and tags that are missing",
  stages: "Make the stages that are missing",
  people: "Invite the people that are unknown",
  contacts: "Make the contacts and organizations that are missing",
};

/** Maps the columns of the file, and previews the first rows. */
export function Plan({ pipeline, table, onBegun, onBack }: Props) {
  const [plan, setPlan] = useState<Planned>(DETECTED);
  const query = useQuery({
    queryKey: ["preview", pipeline.key, table.name, table.content.size, plan],
    queryFn: () => preview(pipeline.key, table, plan),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const seen = query.isPlaceholderData ? undefined : query.data;
  useEffect(() => {
    if (seen)
      setPlan((before) => ({
        ...before,
        mapping: before.mapping ?? mappingOf(seen),
        make: before.mapping ? before.make : [...new Set([...before.make, ...(seen.preset?.make ?? [])])],
      }));
  }, [seen]);
  const form = useForm(async () => {
    if (plan.mapping) onBegun(await begin(pipeline.key, table, plan));
  });
  const choices = targets(pipeline);
  return (
    <Ready query={query}>
      {(seen) => {
        const now = { ...plan, mapping: plan.mapping ?? mappingOf(seen) };
        const missing = Object.entries(seen.missing).filter(([, names]) => names.length > 0);
        const names = new Map(choices.map((each) => [each.value, each.label]));
        return (
          <form onSubmit={form.submit}>
            <Stack>
              <Group justify="space-between">
                <Title order={2}>{table.name}</Title>
                <Text size="sm" className="quiet">
                  {seen.format.toUpperCase()}
                </Text>
              </Group>
              {seen.preset && (
                <Alert color="green" p="xs" role="status">
                  This looks like an export of {seen.preset.title}. Check where its columns go.
                </Alert>
              )}
              <Reading seen={seen} plan={plan} onPlan={setPlan} />
              {seen.warnings.map((warning) => (
                <Text key={warning} size="sm" role="note">
                  {warning}
                </Text>
              ))}
              <div className={classes.rows}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Column</th>
                      <th scope="col">Holds</th>
                      <th scope="col">Goes to</th>
                    </tr>
                  </thead>
                  <tbody>
                    {seen.columns.map((each) => (
                      <tr key={each.name}>
                        <td>{each.name}</td>
                        <td className="quiet">{each.samples.filter(Boolean).slice(0, 3).join(" · ")}</td>
                        <td>
                          <Select
                            aria-label={`Where ${each.name} goes`}
                            placeholder="Nowhere"
                            clearable
                            searchable
                            data={choices}
                            value={now.mapping[each.name] ?? null}
                            onChange={(target) => setPlan({ ...now, mapping: { ...now.mapping, [each.name]: target } })}
                          />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <Select
                label="Rows change the box that has the same"
                placeholder="Never: each row is a new box"
                maw={360}
                clearable
                data={[
                  { value: "name", label: "Name" },
                  ...pipeline.fields
                    .filter((each) => ["TEXT_INPUT", "DATE", "DROPDOWN"].includes(each.type))
                    .map((each) => ({ value: each.key, label: each.name })),
                ]}
                value={now.match || null}
                onChange={(match) => setPlan({ ...now, match: match ?? "" })}
              />
              <Group gap="lg">
                {Object.entries(MAKE).map(([word, label]) => (
                  <Checkbox
                    key={word}
                    label={label}
                    checked={now.make.includes(word)}
                    onChange={(event) => {
                      const others = now.make.filter((each) => each !== word);
                      setPlan({ ...now, make: event.currentTarget.checked ? [...others, word] : others });
                    }}
                  />
                ))}
              </Group>
              {missing.length > 0 && (
                <Alert color="orange" p="xs" title="Not there">
                  {missing.map(([where, words]) => (
                    <div key={where}>
                      {names.get(where) ?? where}: {words.join(", ")}
                    </div>
                  ))}
                </Alert>
              )}
              {!Object.values(now.mapping).includes("name") && !now.match && (
                <Alert color="orange" p="xs">
                  Say which column is the name: a box needs one.
                </Alert>
              )}
              <Refused rows={seen.refused} />
              <Sample rows={seen.rows} names={names} fields={pipeline.fields} />
              <Refusal error={form.error} />
              <Group>
                <Button variant="default" onClick={onBack}>
                  Another table
                </Button>
                <Button type="submit" loading={form.busy}>
                  Import
                </Button>
              </Group>
            </Stack>
          </form>
        );
      }}
    </Ready>
  );
}

/** The server's suggested mapping. If no column is mapped to the name, the first unmapped column is. */
export function mappingOf(seen: { columns: { name: string; target: string | null }[] }): Record<string, string | null> {
  const mapping = Object.fromEntries(seen.columns.map(({ name, target }) => [name, target]));
  const free = seen.columns.find((each) => each.target === null);
  if (free && !Object.values(mapping).includes("name")) mapping[free.name] = "name";
  return mapping;
}

type Row = { row: number; column: string; reason: string };

export function Refused({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <div className={classes.rows}>
      <table aria-label="Refused rows">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Column</th>
            <th scope="col">Why it is refused</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={`${each.row} ${each.column}`}>
              <td className="numbers">{each.row}</td>
              <td>{each.column}</td>
              <td>{each.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type SampleProps = {
  rows: readonly Record<string, unknown>[];
  names: Map<string, string>;
  fields: readonly FieldOut[];
};

function Sample({ rows, names, fields: kinds }: SampleProps) {
  const flat = rows.slice(0, 5).map(({ fields, ...rest }) => ({ ...rest, ...((fields as object | undefined) ?? {}) }));
  const keys = [...new Set(flat.flatMap((each) => Object.keys(each)))];
  if (keys.length === 0) return null;
  return (
    <div className={classes.rows}>
      <table aria-label="What becomes of the first rows">
        <thead>
          <tr>
            {keys.map((key) => (
              <th scope="col" key={key}>
                {names.get(key) ?? key}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {flat.map((each) => (
            <tr key={JSON.stringify(each)}>
              {keys.map((key) => (
                <td key={key}>
                  <Value
                    field={kinds.find((field) => field.key === key)}
                    value={(each as Record<string, unknown>)[key]}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ field, value }: { field: FieldOut | undefined; value: unknown }) {
  if (value === null || value === undefined) return null;
  if (field === undefined) return typeof value === "object" ? JSON.stringify(value) : String(value);
  const { Draw } = kindOf(field);
  return <Draw field={field} value={value} />;
}
