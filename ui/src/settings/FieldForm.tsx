import { ActionIcon, Alert, Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import type { FieldCreate, FieldOut, PipelineOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { KINDS, kindOf } from "../fields/kinds";
import { type Format, isSound } from "../fields/numbers";
import { FormatForm } from "./FormatForm";
import { refresh } from "./save";
import classes from "./settings.module.css";

export type Option = { key?: string; name: string };

/** The options of a dropdown or tag field. */
export function optionsOf(field: FieldOut): Option[] {
  const items = field.dropdownSettings?.items ?? [];
  const tags = field.tagSettings?.tags ?? [];
  return [...items.map(({ key, name }) => ({ key, name })), ...tags.map(({ key, tag }) => ({ key, name: tag }))];
}

const FORMAT = ["", ".type", ".currency", ".decimals"].map((each) => `displayFormat${each}`);

type Props = { pipeline: PipelineOut; field?: FieldOut; onClose: () => void };

/** Form that creates or changes a field. For a formula, it shows results before the field is saved. */
export function FieldForm({ pipeline, field, onClose }: Props) {
  const [name, setName] = useState(field?.name ?? "");
  const [type, setType] = useState(field?.type ?? "TEXT_INPUT");
  const [options, setOptions] = useState<Option[]>(field ? optionsOf(field) : [{ name: "" }]);
  const [formula, setFormula] = useState(typeof field?.defaultValue === "string" ? field.defaultValue : "");
  const [format, setFormat] = useState<Format | undefined>(field?.displayFormat);
  const counts = type === "TEXT_INPUT" || type === "FORMULA";
  const chooses = type === "DROPDOWN" || type === "TAG";
  const form = useForm(async () => {
    const named = options.map((each) => ({ ...each, name: each.name.trim() })).filter((each) => each.name !== "");
    const body: FieldCreate = { name: name.trim(), type };
    if (type === "DROPDOWN") body.dropdownSettings = { items: named };
    if (type === "TAG") body.tagSettings = { tags: named.map(({ key, name: tag }) => (key ? { key, tag } : { tag })) };
    if (type === "FORMULA") body.defaultValue = formula;
    // Sent only if it changed: a user who may only format a field may not send anything else.
    if (counts && JSON.stringify(format) !== JSON.stringify(field?.displayFormat)) body.displayFormat = format ?? null;
    if (field) {
      const params = { path: { pipeline: pipeline.key, field: field.key } };
      await client.POST("/v1/pipelines/{pipeline}/fields/{field}", { params, body });
    } else {
      await client.POST("/v2/pipelines/{pipeline}/fields", { params: { path: { pipeline: pipeline.key } }, body });
    }
    await refresh(pipeline.key);
    onClose();
  });
  const at = (...names: string[]) => errorAt(form.error, ...names);
  const placed = at("name", "type", "defaultValue", ...FORMAT);
  return (
    <Modal opened onClose={onClose} size="lg" title={field ? `Change ${field.name}` : "New column"}>
      <form onSubmit={form.submit}>
        <Stack>
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              required
              data-autofocus
              value={name}
              error={at("name")}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label="Kind"
              data={Object.entries(KINDS).map(([value, { label }]) => ({ value, label }))}
              value={type}
              allowDeselect={false}
              disabled={field !== undefined}
              error={at("type")}
              onChange={(value) => value && setType(value)}
            />
          </Group>
          {chooses && <Options options={options} onChange={setOptions} />}
          {type === "FORMULA" && (
            <>
              <Textarea
                label="Formula"
                description={
                  <>
                    Spreadsheet style, as in {'=IF($\'Size\' > 10, "big", "small")'}, or JavaScript. A column is read by
                    its name.
                  </>
                }
                autosize
                minRows={2}
                spellCheck={false}
                value={formula}
                error={at("defaultValue")}
                onChange={(event) => setFormula(event.currentTarget.value)}
              />
              <Preview pipeline={pipeline} formula={formula} format={format} />
            </>
          )}
          {counts && <FormatForm format={format} onChange={setFormat} errorAt={at} />}
          <Refusal error={placed ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={name.trim() === ""}>
              {field ? "Save" : "Create"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Options({ options, onChange }: { options: Option[]; onChange: (options: Option[]) => void }) {
  return (
    <Stack gap={6} role="group" aria-label="Options">
      <Text size="sm" fw={500}>
        Options
      </Text>
      {options.map((each, at) => (
        <Group key={each.key ?? at} gap={6} wrap="nowrap">
          <TextInput
            className={classes.grow}
            aria-label={`Option ${at + 1}`}
            value={each.name}
            autoFocus={at > 0 && each.key === undefined && each.name === ""}
            onChange={(event) => onChange(options.with(at, { ...each, name: event.currentTarget.value }))}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || each.name.trim() === "") return;
              event.preventDefault();
              onChange(options.toSpliced(at + 1, 0, { name: "" }));
            }}
          />
          <ActionIcon aria-label={`Remove option ${at + 1}`} onClick={() => onChange(options.toSpliced(at, 1))}>
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...options, { name: "" }])}
        >
          Add an option
        </Button>
      </Group>
    </Stack>
  );
}

type PreviewProps = { pipeline: PipelineOut; formula: string; format: Format | undefined };

/** Results of the formula for the boxes that changed last, updated while the user types. */
function Preview({ pipeline, formula, format }: PreviewProps) {
  const [text] = useDebouncedValue(formula.trim(), 250);
  const query = useQuery({
    queryKey: ["formula", pipeline.key, text],
    enabled: text !== "",
    retry: false,
    queryFn: async () => {
      const { data } = await client.POST("/v2/pipelines/{pipeline}/formulas/preview", {
        params: { path: { pipeline: pipeline.key } },
        body: { formula: text },
      });
      return data?.results ?? [];
    },
  });
  if (text === "") return null;
  if (query.isError) {
    return (
      <Alert color="orange" p="xs" role="status">
        {messageOf(query.error)}
      </Alert>
    );
  }
  if (!query.data) return null;
  if (query.data.length === 0) {
    return <Text className="quiet">There is no box yet to try it on.</Text>;
  }
  const drawn = {
    key: "preview",
    name: "Preview",
    type: "FORMULA",
    ...(isSound(format) ? { displayFormat: format } : {}),
  };
  const { Draw } = kindOf(drawn);
  return (
    <dl className={classes.preview} aria-label="What it comes to">
      {query.data.map((each) => (
        <div key={each.boxKey} style={{ display: "contents" }}>
          <dt className="cut quiet">{each.name}</dt>
          <dd className="cut" style={{ margin: 0 }}>
            <Draw field={drawn} value={each.value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
