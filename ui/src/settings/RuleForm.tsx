import { Button, Group, Modal, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { client } from "../api/client";
import { errorAt, errorWithin } from "../api/problem";
import type { PipelineOut, ValidatorCreate, ValidatorOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { allColumns } from "../table/columns";
import { FilterBuilder } from "../table/FilterBuilder";
import type { Tree } from "../table/filter";
import { RuleTrial } from "./RuleTrial";
import { changesByItself, type Demand, type Draft, draftOf } from "./rule";
import { refreshRules } from "./save";

type Props = { pipeline: PipelineOut; rule?: ValidatorOut; onClose: () => void };

const DEMANDS: { value: Demand; label: string }[] = [
  { value: "assertion", label: "These conditions must hold" },
  { value: "formula", label: "A formula must be true" },
  { value: "deny", label: "There may be no such box" },
];

/** Form that creates or changes a validation rule. It shows which boxes break the rule before the rule is saved. */
export function RuleForm({ pipeline, rule, onClose }: Props) {
  const [draft, setDraft] = useState(() => draftOf(rule));
  const put = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const columns = useMemo(
    () => new Map([...allColumns(pipeline)].filter(([key]) => !changesByItself(key))),
    [pipeline],
  );
  const form = useForm(async () => {
    const path = { pipeline: pipeline.key };
    const body = bodyOf(draft);
    const { response } = rule
      ? await client.POST("/v2/pipelines/{pipeline}/validators/{validator}", {
          params: { path: { ...path, validator: rule.key } },
          body,
        })
      : await client.POST("/v2/pipelines/{pipeline}/validators", { params: { path }, body });
    offerUndo(`${rule ? "Saved" : "Created"} the rule. Boxes are checked again.`, response);
    await refreshRules();
    onClose();
  });
  const placed =
    errorAt(form.error, "name", "message", "formula") ??
    errorWithin(form.error, "condition") ??
    (draft.demand === "assertion" ? errorWithin(form.error, "assertion") : undefined);
  const tree = (name: "condition" | "assertion", nothing: string) => (
    <FilterBuilder
      tree={draft[name]}
      columns={columns}
      pipeline={pipeline}
      hasMe={false}
      at={name}
      nothing={nothing}
      error={errorWithin(form.error, name)}
      onChange={(next: Tree | null) => put({ [name]: next })}
    />
  );
  return (
    <Modal opened onClose={onClose} size="xl" title={rule ? `Change ${rule.name}` : "New rule"}>
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="Name"
            required
            data-autofocus
            value={draft.name}
            error={errorAt(form.error, "name")}
            onChange={(event) => put({ name: event.currentTarget.value })}
          />
          <section aria-label="Which boxes">
            <Text size="sm" fw={600} mb={4}>
              Which boxes
            </Text>
            {tree("condition", "Every box of the pipeline. Add a condition to speak of fewer.")}
          </section>
          <section aria-label="What must hold">
            <Radio.Group
              label="What must hold"
              value={draft.demand}
              onChange={(demand) => put({ demand: demand as Demand })}
            >
              <Group gap="sm" mt={6} mb={10}>
                {DEMANDS.map((each) => (
                  <Radio key={each.value} size="xs" value={each.value} label={each.label} />
                ))}
              </Group>
            </Radio.Group>
            {draft.demand === "assertion" && tree("assertion", "Nothing yet: add a condition that must hold.")}
            {draft.demand === "formula" && (
              <Textarea
                aria-label="Formula"
                description="Spreadsheet style or JavaScript, over the columns by their names: true where the box is as it should be"
                placeholder={"=$'Value' > 0"}
                autosize
                spellCheck={false}
                value={draft.formula}
                error={errorAt(form.error, "formula")}
                onChange={(event) => put({ formula: event.currentTarget.value })}
              />
            )}
            {draft.demand === "deny" && (
              <Text size="sm" className="quiet">
                No box may be as the conditions above say.
              </Text>
            )}
          </section>
          <TextInput
            label="What is said where it is broken"
            placeholder={draft.name || "A won deal needs a value"}
            value={draft.message}
            error={errorAt(form.error, "message")}
            onChange={(event) => put({ message: event.currentTarget.value })}
          />
          <Radio.Group label="What happens then" value={draft.mode} onChange={(mode) => put({ mode: mode as "WARN" })}>
            <Group gap="md" mt={6}>
              <Radio size="xs" value="REJECT" label="The change is refused" />
              <Radio size="xs" value="WARN" label="The box is marked" />
            </Group>
          </Radio.Group>
          <RuleTrial pipeline={pipeline} draft={draft} columns={columns} />
          <Refusal error={placed ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={draft.name.trim() === ""}>
              {rule ? "Save" : "Create"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Contains every member, so that removed values are cleared. */
function bodyOf(draft: Draft): ValidatorCreate {
  const { name, message, mode, condition, demand } = draft;
  const body: ValidatorCreate = { name: name.trim(), message: message.trim() || null, mode, condition };
  if (demand === "assertion") body.assertion = draft.assertion;
  if (demand === "formula") body.formula = draft.formula;
  if (demand === "deny") body.deny = true;
  return body;
}
