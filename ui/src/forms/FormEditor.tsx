import {
  Button,
  Code,
  CopyButton,
  Group,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import type { FormOut, PipelineOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import classes from "./forms.module.css";
import { Question } from "./Question";
import { embedCode, TEXTS } from "./texts";

type Props = { pipeline: PipelineOut; form: FormOut; onSaved: () => Promise<unknown> };

/** The questions and texts of a form, its preview, and the code that embeds it. */
export function FormEditor({ pipeline, form: saved, onSaved }: Props) {
  const [form, setForm] = useState(saved);
  const change = (part: Partial<FormOut>) => setForm((before) => ({ ...before, ...part }));
  const path = { pipeline: pipeline.key, form: saved.key };
  const saving = useForm(async () => {
    const { key, pipelineKey, ownerKey, url, creationTimestamp, lastSavedTimestamp, ...body } = form;
    const { response } = await client.POST("/v2/pipelines/{pipeline}/forms/{form}", { params: { path }, body });
    offerUndo("Saved the form", response);
    await onSaved();
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/pipelines/{pipeline}/forms/{form}", { params: { path } }),
    onSuccess: ({ response }) => offerUndo("Deleted the form", response),
    onSettled: onSaved,
  });
  const at = (...names: string[]) => errorAt(saving.error, ...names);
  return (
    <div className={classes.editor}>
      <form onSubmit={saving.submit}>
        <Stack>
          <Group justify="space-between" align="flex-end">
            <TextInput
              style={{ flex: 1 }}
              label="Name of the form"
              required
              value={form.name}
              error={at("name")}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <Switch
              label="Switched on"
              checked={form.enabled}
              onChange={(event) => change({ enabled: event.currentTarget.checked })}
            />
          </Group>
          <Title order={2}>Questions</Title>
          <Stack component="ol" gap="xs" style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Questions">
            {form.fields.map((each, index) => (
              <Question
                // biome-ignore lint/suspicious/noArrayIndexKey: two questions may be alike while they are typed
                key={index}
                pipeline={pipeline}
                question={each}
                number={index + 1}
                onChange={(question) => change({ fields: form.fields.with(index, question) })}
                onRemove={() => change({ fields: form.fields.toSpliced(index, 1) })}
                onUp={
                  index === 0
                    ? undefined
                    : () => change({ fields: form.fields.toSpliced(index, 1).toSpliced(index - 1, 0, each) })
                }
              />
            ))}
          </Stack>
          <Group>
            <Button
              variant="default"
              leftSection={<IconPlus size={15} />}
              onClick={() =>
                change({
                  fields: [
                    ...form.fields,
                    { target: "name", label: "", help: "", required: false, hidden: false, parameter: "", default: "" },
                  ],
                })
              }
            >
              Add a question
            </Button>
          </Group>
          <Title order={2}>Texts</Title>
          {TEXTS.map(({ name, label, long }) => {
            const props = {
              label,
              value: form[name],
              error: at(name),
              onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
            };
            return long ? <Textarea key={name} autosize minRows={2} {...props} /> : <TextInput key={name} {...props} />;
          })}
          <Title order={2}>What happens</Title>
          <Select
            label="Stage of new boxes"
            data={pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }))}
            placeholder="The first"
            clearable
            value={form.stageKey || null}
            error={at("stageKey")}
            onChange={(stageKey) => change({ stageKey: stageKey ?? "" })}
          />
          <Textarea
            label="Websites that may embed the form"
            description="One a line, such as https://www.example.com"
            autosize
            minRows={2}
            value={form.frameAncestors.join("\n")}
            error={at("frameAncestors")}
            onChange={(event) => change({ frameAncestors: event.currentTarget.value.split("\n") })}
            onBlur={() => change({ frameAncestors: form.frameAncestors.map((each) => each.trim()).filter(Boolean) })}
          />
          <Refusal error={saving.error ? messageOf(saving.error) : null} />
          <Group justify="space-between">
            <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete the form
            </Button>
            <Button type="submit" loading={saving.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <Stack>
        <Title order={2}>Preview</Title>
        {saved.enabled ? (
          <iframe className={classes.preview} title="Preview of the form" src={`/forms/${saved.key}`} />
        ) : (
          <Text className="quiet">The form is switched off: its page does not answer.</Text>
        )}
        <Copied label="Address of the page" text={saved.url} />
        <Copied label="Code for your website" text={embedCode(saved)} />
      </Stack>
    </div>
  );
}

function Copied({ label, text }: { label: string; text: string }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text fw={600}>{label}</Text>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button variant="default" size="compact-xs" aria-label={`Copy: ${label}`} onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block role="region" aria-label={label} tabIndex={0}>
        {text}
      </Code>
    </Stack>
  );
}
