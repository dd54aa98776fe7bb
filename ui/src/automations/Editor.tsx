import { ActionIcon, Button, Group, PasswordInput, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { errorAt, errorWithin } from "../api/problem";
import type { CatalogueOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { useCommands } from "../commands/registry";
import { allColumns } from "../table/columns";
import { FilterBuilder } from "../table/FilterBuilder";
import classes from "./automations.module.css";
import { Param } from "./Param";
import type { Rule } from "./rule";
import { Steps } from "./Steps";
import type { Scope } from "./scope";

type Props = {
  rule: Rule;
  /** Names of the secrets that are stored already. */
  kept: string[];
  catalogue: CatalogueOut;
  scope: Scope;
  says: string;
  onSave: (rule: Rule) => Promise<void>;
  /** Called with the current draft after each edit. */
  onDraft?: (rule: Rule) => void;
};

/** Form of an automation: trigger, filter and condition, then the steps. */
export function Editor({ rule: saved, kept, catalogue, scope, says, onSave, onDraft }: Props) {
  const { pipeline } = scope;
  const [rule, setRule] = useState(saved);
  const form = useForm(() => onSave(rule));
  const put = (change: Partial<Rule>) => setRule((before) => ({ ...before, ...change }));
  useEffect(() => onDraft?.(rule), [rule, onDraft]);
  const columns = useMemo(() => (pipeline ? allColumns(pipeline) : new Map()), [pipeline]);
  const placed =
    errorAt(form.error, "name", "condition") ??
    ["filter", "trigger", "steps"].find((each) => errorWithin(form.error, each));
  const kind = catalogue.triggers.find((each) => each.type === rule.trigger.type);
  const subject = kind?.subject;
  useCommands([
    {
      id: "save",
      label: says,
      section: "Automation",
      keys: "mod+Enter",
      run: () => document.querySelector<HTMLFormElement>("form[data-rule]")?.requestSubmit(),
    },
  ]);
  return (
    <form onSubmit={form.submit} data-rule="">
      <Stack gap="lg">
        <TextInput
          label="Name"
          required
          maw={420}
          value={rule.name}
          error={errorAt(form.error, "name")}
          onChange={(event) => put({ name: event.currentTarget.value })}
        />
        <section className={classes.card} aria-label="When">
          <p className={classes.word}>When</p>
          <Stack gap="sm">
            <Select
              aria-label="What begins it"
              searchable
              allowDeselect={false}
              data={catalogue.triggers
                .filter((each) => each.scope !== (pipeline ? "team" : "pipeline"))
                .map((each) => ({ value: each.type, label: each.description }))}
              value={String(rule.trigger.type)}
              onChange={(type) => type && put({ trigger: { type } })}
            />
            {kind?.params.map((each) => (
              <Param
                key={`${kind.type} ${each.name}`}
                param={each}
                value={rule.trigger[each.name]}
                scope={scope}
                error={errorWithin(form.error, `trigger.${each.name}`)}
                onChange={(value) => put({ trigger: { ...rule.trigger, [each.name]: value } })}
              />
            ))}
          </Stack>
        </section>
        <section className={classes.card} aria-label="Only if">
          <p className={classes.word}>Only if</p>
          {pipeline && (
            <FilterBuilder
              tree={rule.filter}
              columns={columns}
              pipeline={pipeline}
              hasMe={false}
              nothing="Any box. Add a condition that it must pass."
              error={errorWithin(form.error, "filter")}
              onChange={(filter) => put({ filter })}
            />
          )}
          <Textarea
            mt={pipeline ? "sm" : 0}
            label="Condition"
            description={
              pipeline
                ? `For what a filter cannot say, in CEL over ${catalogue.names.join(", ")}`
                : `What must hold, in CEL over ${subject ? `${subject}, ` : ""}actor, owner, trigger, body and now`
            }
            placeholder={
              pipeline
                ? 'fields["Deal size"] > 1.1 * before.fields["Deal size"]'
                : 'actor.email != "import@example.com"'
            }
            autosize
            spellCheck={false}
            classNames={{ input: classes.code ?? "" }}
            value={rule.condition}
            error={errorAt(form.error, "condition")}
            onChange={(event) => put({ condition: event.currentTarget.value })}
          />
        </section>
        <section aria-label="Then">
          <p className={classes.word}>Then</p>
          <Steps
            label="Then"
            steps={rule.steps}
            catalogue={catalogue}
            scope={scope}
            at="steps"
            error={errorWithin(form.error, "steps")}
            onChange={(steps) => put({ steps })}
          />
          <Text size="sm" className="quiet" mt="sm">
            Texts may hold values:{" "}
            {(pipeline
              ? ["box.name", "fields.Deal size"]
              : subject === "organization"
                ? ["organization.name", "organization.domains"]
                : ["contact.givenName", "contact.emailAddresses"]
            ).map((each) => (
              <code key={each}>{`{{ ${each} }}, `}</code>
            ))}
            <code>{"{{ actor.name }}"}</code>.
          </Text>
        </section>
        <Secrets kept={kept} secrets={rule.secrets} onChange={(secrets) => put({ secrets })} />
        <Refusal error={placed ? null : form.error} />
        <Group>
          <Button type="submit" loading={form.busy} disabled={rule.name.trim() === "" || rule.steps.length === 0}>
            {says}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type SecretsProps = { kept: string[]; secrets: Rule["secrets"]; onChange: (secrets: Rule["secrets"]) => void };

/** Values that requests need. They are write-only. */
function Secrets({ kept, secrets, onChange }: SecretsProps) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const names = [...new Set([...kept, ...Object.keys(secrets)])].filter((each) => secrets[each] !== null);
  return (
    <section className={classes.card} aria-label="Secrets">
      <p className={classes.word}>Secrets</p>
      <Text size="sm" className="quiet" mb="xs">
        For requests, as <code>{"{{ secrets.NAME }}"}</code>. They are kept apart and never shown again.
      </Text>
      {names.map((each) => (
        <Group key={each} gap="xs" mb={4}>
          <code>{each}</code>
          <span className="quiet">••••••••</span>
          <ActionIcon aria-label={`Remove the secret ${each}`} onClick={() => onChange({ ...secrets, [each]: null })}>
            <IconX size={15} />
          </ActionIcon>
        </Group>
      ))}
      <Group gap="xs" align="flex-end">
        <TextInput
          label="Secret's name"
          w={160}
          value={name}
          onChange={(event) => setName(event.currentTarget.value.replace(/\W/g, "_"))}
        />
        <PasswordInput
          label="Value"
          w={220}
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Button
          variant="default"
          size="sm"
          disabled={name === "" || value === ""}
          onClick={() => {
            onChange({ ...secrets, [name]: value });
            setName("");
            setValue("");
          }}
        >
          Keep
        </Button>
      </Group>
    </section>
  );
}
