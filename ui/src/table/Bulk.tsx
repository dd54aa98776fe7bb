import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Modal,
  Paper,
  SegmentedControl,
  Select,
  Stack,
  Text,
} from "@mantine/core";
import {
  IconArrowsRight,
  IconColumnInsertRight,
  IconDownload,
  IconForms,
  IconMail,
  IconRepeat,
  IconTrash,
  IconUser,
  IconX,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import { WITH_COUNTS } from "../api/pipelines";
import type { PipelineOut } from "../api/schema";
import { nameOf } from "../components/People";
import { PersonPicker } from "../components/PersonPicker";
import { StageTag } from "../components/StageTag";
import { failed } from "../components/toasts";
import type { Field } from "../fields/kind";
import { kindOf } from "../fields/kinds";
import { saveCsv } from "../lib/csv";
import { lazily } from "../lib/lazily";
import { beginMailing } from "../mailings/begin";
import classes from "./Bulk.module.css";
import { boxes, type Operation, runBatch } from "./batch";
import { asText, type Column } from "./columns";
import type { Rows } from "./rows";

type BulkProps = {
  pipeline: PipelineOut;
  shown: readonly Column[];
  rows: Rows;
  selected: ReadonlySet<string>;
  onClear: () => void;
  /** The open dialog. Keys of the screen open dialogs too. */
  open: Dialog | null;
  onOpen: (dialog: Dialog | null) => void;
};

export type Dialog = "stage" | "assign" | "field" | "pipeline" | "sequence" | "delete";

const StartSequence = lazily(() => import("../sequences/StartSequence"));

const BUTTONS: { dialog: Dialog; label: string; icon: typeof IconTrash }[] = [
  { dialog: "stage", label: "Stage", icon: IconArrowsRight },
  { dialog: "assign", label: "Assign", icon: IconUser },
  { dialog: "field", label: "Set a field", icon: IconForms },
  { dialog: "pipeline", label: "Move", icon: IconColumnInsertRight },
];

/** Actions on many boxes. Each action is one change, which can be undone as a whole. */
export function Bulk(props: BulkProps) {
  const { pipeline, shown, rows, selected, onClear, open, onOpen } = props;
  const keys = [...selected];
  const write = useMutation({
    mutationFn: async ({ operations, says }: { operations: readonly Operation[]; says: (count: number) => string }) =>
      runBatch(operations, says),
    onSuccess: () => onOpen(null),
  });
  const edit = (body: unknown, says: (count: number) => string) =>
    write.mutate({ operations: keys.map((key) => ({ method: "POST", path: `/v1/boxes/${key}`, body })), says });
  const close = () => onOpen(null);
  const navigate = useNavigate();
  // One box gets an e-mail, several a mailing.
  const mail = useMutation({
    mutationFn: async () => {
      const [only, ...others] = keys;
      if (only && others.length === 0) return `/boxes/${only}?tab=email&write=email`;
      return beginMailing(pipeline.teamKey, `Mailing to ${boxes(keys.length)} of ${pipeline.name}`, keys);
    },
    onSuccess: (address) => navigate(address),
  });

  return (
    <>
      <Paper className={classes.bar} shadow="lg" role="toolbar" aria-label="Selected boxes">
        <ActionIcon aria-label="Select nothing" onClick={onClear}>
          <IconX size={16} />
        </ActionIcon>
        <Text size="sm" fw={600} className="numbers" mr="xs" style={{ whiteSpace: "nowrap" }}>
          {boxes(keys.length)} selected
        </Text>
        {BUTTONS.map((each) => (
          <Button
            key={each.dialog}
            variant="subtle"
            color="gray"
            leftSection={<each.icon size={15} stroke={1.6} />}
            onClick={() => onOpen(each.dialog)}
          >
            {each.label}
          </Button>
        ))}
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconMail size={15} stroke={1.6} />}
          loading={mail.isPending}
          onClick={() => mail.mutate()}
        >
          E-mail
        </Button>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconRepeat size={15} stroke={1.6} />}
          onClick={() => onOpen("sequence")}
        >
          Sequence
        </Button>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconDownload size={15} stroke={1.6} />}
          onClick={() => void download(pipeline, shown, rows, keys).catch(failed)}
        >
          CSV
        </Button>
        <Button
          variant="subtle"
          color="red"
          leftSection={<IconTrash size={15} stroke={1.6} />}
          onClick={() => onOpen("delete")}
        >
          Delete
        </Button>
      </Paper>
      {open === "stage" && (
        <Modal opened onClose={close} title={`Move ${boxes(keys.length)} to a stage`} size="xs">
          <Stack gap={6}>
            {pipeline.stageOrder
              .flatMap((key) => pipeline.stages[key] ?? [])
              .map((stage) => (
                <Button
                  key={stage.key}
                  variant="default"
                  justify="flex-start"
                  loading={write.isPending}
                  onClick={() => edit({ stageKey: stage.key }, (count) => `Moved ${boxes(count)} to ${stage.name}`)}
                >
                  <StageTag stage={stage} />
                </Button>
              ))}
          </Stack>
        </Modal>
      )}
      {open === "assign" && (
        <Assign
          pipeline={pipeline}
          count={keys.length}
          busy={write.isPending}
          onClose={close}
          onSave={(people) => edit({ assignees: people }, (count) => `Assigned ${boxes(count)}`)}
        />
      )}
      {open === "field" && (
        <SetField
          pipeline={pipeline}
          count={keys.length}
          busy={write.isPending}
          onClose={close}
          onSave={async (field, value, how) => {
            const says = (count: number) => `Changed ${field.name} of ${boxes(count)}`;
            if (how === "replace") return edit({ fields: { [field.key]: value } }, says);
            const chosen = Array.isArray(value) ? value.map(String) : [];
            const operations = (await rows.all(keys)).map((box): Operation => {
              const had = (box.fields[field.key] as string[] | undefined) ?? [];
              const next =
                how === "add" ? [...new Set([...had, ...chosen])] : had.filter((each) => !chosen.includes(each));
              return {
                method: "POST",
                path: `/v1/boxes/${box.key}`,
                body: { fields: { [field.key]: next.length ? next : null } },
              };
            });
            write.mutate({ operations, says });
          }}
        />
      )}
      {open === "pipeline" && (
        <OtherPipeline
          pipeline={pipeline}
          count={keys.length}
          busy={write.isPending}
          onClose={close}
          onSave={(target, name) => {
            const operations = keys.map(
              (key): Operation => ({ method: "POST", path: `/v1/boxes/${key}`, body: { pipelineKey: target } }),
            );
            write.mutate({ operations, says: (count) => `Moved ${boxes(count)} to ${name}` }, { onSuccess: onClear });
          }}
        />
      )}
      {open === "sequence" && (
        <Suspense fallback={null}>
          <StartSequence pipeline={pipeline.key} boxes={keys} onClose={close} />
        </Suspense>
      )}
      {open === "delete" && (
        <Modal opened onClose={close} title={`Delete ${boxes(keys.length)}?`}>
          <Text size="sm">With their tasks, comments and files. They stay in the trash for 30 days.</Text>
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              color="red"
              data-autofocus
              loading={write.isPending}
              onClick={() =>
                write.mutate(
                  {
                    operations: keys.map((key) => ({ method: "DELETE", path: `/v1/boxes/${key}` })),
                    says: (count) => `Deleted ${boxes(count)}`,
                  },
                  { onSuccess: onClear },
                )
              }
            >
              Delete
            </Button>
          </Group>
        </Modal>
      )}
    </>
  );
}

type DialogProps = { pipeline: PipelineOut; count: number; busy: boolean; onClose: () => void };

function Assign({ pipeline, count, busy, onClose, onSave }: DialogProps & { onSave: (people: string[]) => void }) {
  const [people, setPeople] = useState<string[]>([]);
  return (
    <Modal opened onClose={onClose} title={`Assign ${boxes(count)}`} size="sm">
      <PersonPicker
        teamKey={pipeline.teamKey}
        known={pipeline.aclEntries}
        value={people}
        onChange={setPeople}
        label="To"
        description="Replaces the current assignees. Leave empty to unassign everyone."
        data-autofocus
      />
      <Buttons busy={busy} onClose={onClose} onSave={() => onSave(people)} />
    </Modal>
  );
}

type SetFieldProps = DialogProps & {
  onSave: (field: Field, value: unknown, how: "replace" | "add" | "remove") => Promise<void> | void;
};

function SetField({ pipeline, count, busy, onClose, onSave }: SetFieldProps) {
  const fields = pipeline.fields.filter((each) => kindOf(each).Edit !== null);
  const [key, setKey] = useState<string | null>(null);
  const [value, setValue] = useState<unknown>(undefined);
  const [editing, setEditing] = useState(false);
  const [how, setHow] = useState<"replace" | "add" | "remove">("replace");
  const field = fields.find((each) => each.key === key);
  const kind = field && kindOf(field);
  return (
    <Modal opened onClose={onClose} title={`Set a field of ${boxes(count)}`} size="sm">
      <Stack gap="sm">
        <Select
          label="Field"
          data={fields.map((each) => ({ value: each.key, label: each.name }))}
          value={key}
          allowDeselect={false}
          searchable
          placeholder="Choose a field"
          data-autofocus
          onChange={(chosen) => {
            setKey(chosen);
            setValue(fields.find((each) => each.key === chosen)?.type === "CHECKBOX" ? false : undefined);
            setHow("replace");
          }}
        />
        {field?.type === "TAG" && (
          <SegmentedControl
            size="xs"
            value={how}
            onChange={(chosen) => setHow(chosen as typeof how)}
            data={[
              { value: "replace", label: "Replace" },
              { value: "add", label: "Add" },
              { value: "remove", label: "Take away" },
            ]}
          />
        )}
        {field?.type === "CHECKBOX" ? (
          <Checkbox
            label={field.name}
            checked={value === true}
            onChange={(event) => setValue(event.currentTarget.checked)}
          />
        ) : (
          field &&
          kind?.Edit && (
            <div>
              <Text size="sm" fw={500} mb={2}>
                Value
              </Text>
              {editing ? (
                <kind.Edit
                  key={field.key}
                  field={field}
                  value={value ?? null}
                  teamKey={pipeline.teamKey}
                  onSave={(next) => {
                    setValue(next ?? undefined);
                    setEditing(false);
                  }}
                  onCancel={() => setEditing(false)}
                />
              ) : (
                <Button variant="default" fullWidth justify="flex-start" size="sm" onClick={() => setEditing(true)}>
                  {value === undefined ? (
                    <span className="quiet">Choose a value …</span>
                  ) : value === null ? (
                    <span className="quiet">Empty</span>
                  ) : (
                    <kind.Draw field={field} value={value} />
                  )}
                </Button>
              )}
              {how === "replace" && (
                <Checkbox
                  mt="xs"
                  size="xs"
                  label={`Clear ${field.name}`}
                  checked={value === null}
                  onChange={(event) => setValue(event.currentTarget.checked ? null : undefined)}
                />
              )}
            </div>
          )
        )}
      </Stack>
      <Buttons
        busy={busy}
        disabled={!field || value === undefined}
        onClose={onClose}
        onSave={() => field && void onSave(field, value, how)}
      />
    </Modal>
  );
}

function OtherPipeline({
  pipeline,
  count,
  busy,
  onClose,
  onSave,
}: DialogProps & { onSave: (key: string, name: string) => void }) {
  const all = api.useQuery("get", "/v2/pipelines", WITH_COUNTS);
  const [key, setKey] = useState<string | null>(null);
  const others = (all.data?.results ?? []).filter((each) => each.key !== pipeline.key);
  return (
    <Modal opened onClose={onClose} title={`Move ${boxes(count)} to another pipeline`} size="sm">
      <Select
        label="Pipeline"
        description="Stages and fields of the same name are kept; the others' values are not."
        data={others.map((each) => ({ value: each.key, label: each.name }))}
        value={key}
        onChange={setKey}
        searchable
        nothingFoundMessage="There is no other pipeline"
        data-autofocus
      />
      <Buttons
        busy={busy}
        disabled={key === null}
        onClose={onClose}
        onSave={() => key && onSave(key, others.find((each) => each.key === key)?.name ?? "")}
      />
    </Modal>
  );
}

function Buttons({
  busy,
  disabled = false,
  onClose,
  onSave,
}: {
  busy: boolean;
  disabled?: boolean;
  onClose: () => void;
  onSave: () => void;
}) {
  return (
    <Group justify="flex-end" mt="md">
      <Button variant="default" onClick={onClose}>
        Cancel
      </Button>
      <Button loading={busy} disabled={disabled} onClick={onSave}>
        Save
      </Button>
    </Group>
  );
}

/** Downloads the selected boxes with the shown columns, as CSV. */
async function download(
  pipeline: PipelineOut,
  shown: readonly Column[],
  rows: Rows,
  keys: readonly string[],
): Promise<void> {
  const found = await rows.all(keys);
  const lines = found.map((box) => shown.map((column) => plain(column, column.read(box), pipeline)));
  saveCsv(`${pipeline.name}.csv`, [shown.map((each) => each.name), ...lines]);
}

function plain(column: Column, value: unknown, pipeline: PipelineOut): string {
  if (column.kind === "users" && Array.isArray(value)) return value.map(nameOf).join(", ");
  return asText(column, value, pipeline);
}
