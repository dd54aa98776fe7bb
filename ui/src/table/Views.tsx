import { Button, Group, Menu, Modal, Stack, Switch, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDeviceFloppy, IconDots, IconLayoutList, IconPencil, IconTrash, IconUsers } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineOut, ViewOut } from "../api/schema";
import { changeOf, undo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { say, undoable } from "../components/toasts";

type ViewsProps = {
  pipeline: PipelineOut;
  views: readonly ViewOut[];
  view: ViewOut | undefined;
  /** Whether the table differs from the saved view. */
  differs: boolean;
  /** The content to store in a saved view. */
  content: Record<string, unknown>;
  change: (change: Record<string, string | null>) => void;
};

/** Members of the address that hold what differs from the saved view. */
const NOTHING = { filter: null, sort: null, group: null, by: null, columns: null, closed: null };

/** Menu of saved views: choose one, save changes to it, or create one from the current table. */
export function Views({ pipeline, views, view, differs, content, change }: ViewsProps) {
  const [naming, setNaming] = useDisclosure(false);
  const [renaming, setRenaming] = useDisclosure(false);
  const path = { pipeline: pipeline.key };
  const refresh = () => queries.invalidateQueries({ queryKey: ["get", "/v2/pipelines/{pipeline}/views"] });

  const save = useMutation({
    mutationFn: (body: Record<string, unknown>) =>
      client.POST("/v2/pipelines/{pipeline}/views/{view}", {
        params: { path: { ...path, view: view?.key ?? "" } },
        body: body as never,
      }),
    onSuccess: async () => {
      await refresh();
      change(NOTHING);
      say("Saved the view");
    },
  });
  const remove = useMutation({
    mutationFn: (key: string) =>
      client.DELETE("/v2/pipelines/{pipeline}/views/{view}", { params: { path: { ...path, view: key } } }),
    onSuccess: async ({ response }) => {
      change({ ...NOTHING, view: null });
      await refresh();
      undoable("Deleted the view", () => undo(changeOf(response)).then(refresh));
    },
  });

  return (
    <Group gap={2} wrap="nowrap" mr="xs">
      <Menu position="bottom-start" width={240}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconLayoutList size={15} />}>
            {view?.name ?? "All boxes"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => change({ ...NOTHING, view: null })}>All boxes</Menu.Item>
          {views.map((each) => (
            <Menu.Item
              key={each.key}
              rightSection={each.shared ? <IconUsers size={14} aria-label="Shared" /> : null}
              onClick={() => change({ ...NOTHING, view: each.key })}
            >
              {each.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconDeviceFloppy size={15} />} onClick={setNaming.open}>
            Save as a new view
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {view && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button variant="subtle" color="gray" px={6} aria-label="More about this view">
              <IconDots size={15} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={15} />} onClick={setRenaming.open}>
              Rename or share
            </Menu.Item>
            <Menu.Item leftSection={<IconTrash size={15} />} color="red" onClick={() => remove.mutate(view.key)}>
              Delete the view
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {view && differs && (
        <>
          <Button variant="light" loading={save.isPending} onClick={() => save.mutate(content)}>
            Save
          </Button>
          <Button variant="subtle" color="gray" onClick={() => change(NOTHING)}>
            Reset
          </Button>
        </>
      )}
      {!view && differs && (
        <Button variant="light" onClick={setNaming.open}>
          Save as view
        </Button>
      )}
      {naming && (
        <NameForm
          title="Save as a new view"
          onClose={setNaming.close}
          onSave={async (name, shared) => {
            const { data } = await client.POST("/v2/pipelines/{pipeline}/views", {
              params: { path },
              body: { name, shared, ...content } as never,
            });
            await refresh();
            change({ ...NOTHING, view: data?.key ?? null });
          }}
        />
      )}
      {renaming && view && (
        <NameForm
          title="Rename or share"
          name={view.name}
          shared={view.shared}
          onClose={setRenaming.close}
          onSave={(name, shared) => save.mutateAsync({ name, shared })}
        />
      )}
    </Group>
  );
}

type NameFormProps = {
  title: string;
  name?: string;
  shared?: boolean;
  onClose: () => void;
  onSave: (name: string, shared: boolean) => Promise<unknown>;
};

function NameForm({ title, name: before = "", shared: was = false, onClose, onSave }: NameFormProps) {
  const [name, setName] = useState(before);
  const [shared, setShared] = useState(was);
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () => onSave(name.trim(), shared),
    onSuccess: onClose,
  });
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Switch
            label="Shared with everyone who reaches the pipeline"
            checked={shared}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
          <Refusal error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
