import { Button, Group, Modal, Select, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { PipelineOut } from "../api/schema";
import { say } from "../components/toasts";
import { useEditPipeline } from "./save";
import classes from "./settings.module.css";

type Theme = { name: string; colors: { backgroundColor: string }[] };

export function General({ pipeline }: { pipeline: PipelineOut }) {
  const [name, setName] = useState(pipeline.name);
  const [description, setDescription] = useState(pipeline.description ?? "");
  const edit = useEditPipeline(pipeline);
  const changed = name.trim() !== pipeline.name || description !== (pipeline.description ?? "");
  return (
    <Stack gap="xl">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          edit.mutate({ name: name.trim(), description }, { onSuccess: () => say("Saved") });
        }}
      >
        <Stack maw={520}>
          <Title order={2}>General</Title>
          <TextInput
            label="Name"
            value={name}
            error={errorAt(edit.error, "name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" loading={edit.isPending} disabled={!changed || name.trim() === ""}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <Themes pipeline={pipeline} />
      <Delete pipeline={pipeline} />
    </Stack>
  );
}

function Themes({ pipeline }: { pipeline: PipelineOut }) {
  const query = api.useQuery("get", "/v2/pipelines/themes", {});
  const edit = useEditPipeline(pipeline);
  const themes = ((query.data as { results?: Theme[] } | undefined)?.results ?? []) as Theme[];
  const shades = themes.find((each) => each.name === pipeline.stageColorTheme)?.colors ?? [];
  return (
    <Stack gap={6} maw={520}>
      <Select
        label="Colours of the stages"
        data={themes.map((each) => ({ value: each.name, label: titled(each.name) }))}
        value={pipeline.stageColorTheme}
        allowDeselect={false}
        searchable
        onChange={(value) => value && edit.mutate({ stageColorTheme: value })}
      />
      <div className={classes.theme} aria-hidden="true">
        {shades.map((each) => (
          <i key={each.backgroundColor} style={{ background: each.backgroundColor }} />
        ))}
      </div>
    </Stack>
  );
}

function titled(name: string): string {
  const words = name.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Delete({ pipeline }: { pipeline: PipelineOut }) {
  const navigate = useNavigate();
  const [asking, dialog] = useDisclosure(false);
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v1/pipelines/{pipeline}", { params: { path: { pipeline: pipeline.key } } }),
    onSuccess: async () => {
      await navigate("/");
      say(`Deleted ${pipeline.name}. For 30 days it can be restored from the trash.`);
      await queries.invalidateQueries({ queryKey: ["get", "/v2/pipelines"] });
    },
  });
  return (
    <Stack gap={6} align="flex-start">
      <Title order={3}>Delete this pipeline</Title>
      <Text className="quiet">With its boxes, columns and everything else in it.</Text>
      <Button color="red" variant="light" onClick={dialog.open}>
        Delete
      </Button>
      <Modal opened={asking} onClose={dialog.close} title={`Delete ${pipeline.name}?`}>
        <Stack>
          <TextInput
            label={`Type ${pipeline.name} to delete it`}
            data-autofocus
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              Keep it
            </Button>
            <Button
              color="red"
              disabled={typed.trim() !== pipeline.name.trim()}
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Delete
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Stack>
  );
}
