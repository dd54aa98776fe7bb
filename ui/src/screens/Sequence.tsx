import { Button, Checkbox, Group, Menu, Select, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, client } from "../api/client";
import { errorAt, errorWithin } from "../api/problem";
import type { PipelineOut, SequenceOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { CopyAsCode } from "../components/CopyAsCode";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { Runs } from "../sequences/Runs";
import { StepCard } from "../sequences/StepCard";
import own from "../sequences/sequences.module.css";
import { linesOf, moved, newLine, refreshSequences, STOPS, type StepType, TYPES } from "../sequences/steps";

/** Screen of one sequence: its steps, when they happen, and its runs. */
export default function Sequence() {
  const key = useParams().sequence ?? "";
  const query = api.useQuery("get", "/v2/sequences/{sequence}", { params: { path: { sequence: key } } });
  const pipeline = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}",
    { params: { path: { pipeline: query.data?.pipelineKey ?? "" } } },
    { enabled: query.data !== undefined },
  );
  return (
    <Ready query={query}>
      {(sequence) => (
        <Ready query={pipeline}>
          {(of) => (
            <div className={classes.page}>
              <Form key={`${sequence.key} ${sequence.version}`} sequence={sequence} pipeline={of} />
              <section aria-label="Runs" className={classes.sections}>
                <Title order={2}>Runs</Title>
                <Runs sequence={sequence.key} />
              </section>
            </div>
          )}
        </Ready>
      )}
    </Ready>
  );
}

function Form({ sequence, pipeline }: { sequence: SequenceOut; pipeline: PipelineOut }) {
  const navigate = useNavigate();
  const senders = api.useQuery("get", "/v2/senders", {});
  const [name, setName] = useState(sequence.name);
  const [lines, setLines] = useState(() => linesOf(sequence.steps));
  const [mailbox, setMailbox] = useState(sequence.mailboxKey ?? "");
  const [settings, setSettings] = useState(sequence.settings);
  const params = { path: { sequence: sequence.key } };
  const form = useForm(async () => {
    await client.POST("/v2/sequences/{sequence}", {
      params,
      body: { name: name.trim(), steps: lines.map(({ step }) => step), mailboxKey: mailbox || null, settings },
    });
    say("Saved. Runs in progress use the previous version.");
    await refreshSequences();
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/sequences/{sequence}", { params }),
    onSuccess: async ({ response }) => {
      await navigate("/mail/sequences");
      offerUndo(`${sequence.name} deleted`, response);
      await refreshSequences();
    },
  });
  const firstMail = lines.findIndex(({ step }) => step.type === "mail");
  const shared = (senders.data?.results ?? []).filter(
    (each) => each.teamKey === sequence.teamKey && each.kind !== "personal",
  );
  const placed = errorWithin(form.error, "steps") ?? errorWithin(form.error, "settings") ?? errorAt(form.error, "name");
  return (
    <form onSubmit={form.submit}>
      <header className={classes.head}>
        <div>
          <Text size="sm">
            <Link className={classes.open ?? ""} to="/mail/sequences">
              Sequences
            </Link>{" "}
            <span className="quiet">of {pipeline.name}</span>
          </Text>
          <Title order={1} style={{ overflowWrap: "anywhere" }}>
            {sequence.name}
          </Title>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/sequences/${sequence.key}` }} />
          <Button
            variant="default"
            leftSection={<IconTrash size={14} stroke={1.6} />}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            Delete
          </Button>
          <Button type="submit" loading={form.busy}>
            Save
          </Button>
        </Group>
      </header>
      <Stack maw={720}>
        <TextInput
          label="Name"
          required
          value={name}
          error={errorAt(form.error, "name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <ol className={own.steps} aria-label="Steps">
          {lines.map((line, at) => (
            <StepCard
              key={line.id}
              step={line.step}
              number={at + 1}
              follows={firstMail >= 0 && firstMail < at}
              isLast={at === lines.length - 1}
              pipeline={pipeline}
              error={errorWithin(form.error, `steps[${at}]`)?.message}
              onChange={(step) =>
                setLines((before) => before.map((each) => (each.id === line.id ? { ...each, step } : each)))
              }
              onMove={(by) => setLines(moved(lines, at, by))}
              onRemove={() => setLines(lines.filter(({ id }) => id !== line.id))}
            />
          ))}
        </ol>
        <Menu>
          <Menu.Target>
            <Button variant="default" leftSection={<IconPlus size={15} />} style={{ alignSelf: "flex-start" }}>
              Add a step
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(Object.keys(TYPES) as StepType[]).map((type) => (
              <Menu.Item key={type} onClick={() => setLines([...lines, newLine(type)])}>
                {TYPES[type].label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        {shared.length > 0 && (
          <Select
            label="From"
            allowDeselect={false}
            data={[
              { value: "", label: "The mailbox of the user who starts it" },
              ...shared.map((each) => ({ value: each.mailboxKey, label: each.address })),
            ]}
            value={mailbox}
            onChange={(key) => setMailbox(key ?? "")}
          />
        )}
        <Group grow align="flex-start">
          <TextInput
            type="time"
            label="E-mail is sent from"
            value={settings.opens}
            error={errorAt(form.error, "settings.opens")}
            onChange={(event) => setSettings({ ...settings, opens: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label="until"
            value={settings.closes}
            error={errorAt(form.error, "settings.closes")}
            onChange={(event) => setSettings({ ...settings, closes: event.currentTarget.value })}
          />
        </Group>
        <Switch
          label="Saturday and Sunday are working days"
          checked={settings.weekends}
          onChange={(event) => setSettings({ ...settings, weekends: event.currentTarget.checked })}
        />
        <Checkbox.Group
          label="It ends when"
          value={settings.stopOn}
          onChange={(stopOn) => setSettings({ ...settings, stopOn })}
        >
          <Stack gap={6} mt={6}>
            {STOPS.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Refusal error={form.error && !placed ? form.error : null} />
        {form.error !== null && placed && <Refusal error={typeof placed === "string" ? placed : placed.message} />}
      </Stack>
    </form>
  );
}
