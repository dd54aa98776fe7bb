import { ActionIcon, Button, ColorPicker, Group, Menu, Popover, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconDots, IconGripVertical } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { client } from "../api/client";
import type { PipelineOut, StageEdit, StageOut } from "../api/schema";
import { moved } from "../app/order";
import { sortable } from "../app/sortable";
import { StageKinds } from "../components/StageKinds";
import { readableOn, SWATCHES } from "./colours";
import { refresh, useEditPipeline } from "./save";
import classes from "./settings.module.css";

/** Section with the stages in their order. They are dragged, renamed and coloured in place. */
export function Stages({ pipeline }: { pipeline: PipelineOut }) {
  const edit = useEditPipeline(pipeline);
  // The new order is shown while it is being saved.
  const order = (edit.isPending && edit.variables.stageOrder) || pipeline.stageOrder;
  const place = (key: string, to: number) => edit.mutate({ stageOrder: moved(order, key, to) });
  return (
    <Stack>
      <Title order={2}>Stages</Title>
      <Text className="quiet">What a box goes through, from the first to the last. A new box is in the first.</Text>
      <div className={classes.list}>
        {order.map((key, at) => {
          const stage = pipeline.stages[key];
          if (!stage) return null;
          return (
            <Line
              key={key}
              pipeline={pipeline}
              stage={stage}
              onDrop={(dropped, below) => place(dropped, at + (below ? 1 : 0))}
              onUp={at > 0 ? () => place(key, at - 1) : undefined}
              onDown={at < order.length - 1 ? () => place(key, at + 2) : undefined}
            />
          );
        })}
      </div>
      <Add pipeline={pipeline} />
    </Stack>
  );
}

type LineProps = {
  pipeline: PipelineOut;
  stage: StageOut;
  onDrop: (key: string, below: boolean) => void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
};

function Line({ pipeline, stage, onDrop, onUp, onDown }: LineProps) {
  const ref = useRef<HTMLDivElement>(null);
  const drop = useRef(onDrop);
  const [edge, setEdge] = useState<"top" | "bottom" | null>(null);
  const [name, setName] = useState(stage.name);
  const params = { path: { pipeline: pipeline.key, stage: stage.key } };
  const edit = useMutation({
    mutationFn: (body: StageEdit) => client.POST("/v2/pipelines/{pipeline}/stages/{stage}", { params, body }),
    onError: () => setName(stage.name),
    onSettled: () => refresh(pipeline.key),
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/pipelines/{pipeline}/stages/{stage}", { params }),
    onSettled: () => refresh(pipeline.key),
  });
  useEffect(() => setName(stage.name), [stage.name]);
  useEffect(() => {
    drop.current = onDrop;
  });
  useEffect(() => {
    if (!ref.current) return undefined;
    return sortable(ref.current, "stage", stage.key, setEdge, (key, below) => drop.current(key, below));
  }, [stage.key]);
  const save = () => {
    const typed = name.trim();
    if (typed === "") setName(stage.name);
    else if (typed !== stage.name) edit.mutate({ name: typed });
  };
  return (
    <div ref={ref} className={classes.line} data-edge={edge ?? undefined}>
      <IconGripVertical size={16} className={classes.grip} aria-hidden="true" />
      <Colour stage={stage} onChange={(color) => edit.mutate({ color })} />
      <TextInput
        className={classes.grow}
        variant="unstyled"
        aria-label={`Name of the stage ${stage.name}`}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setName(stage.name);
        }}
      />
      <Text span className="quiet numbers">
        {stage.boxCount === 1 ? "1 box" : `${stage.boxCount ?? 0} boxes`}
      </Text>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`More about ${stage.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={!onUp} onClick={onUp}>
            Move up
          </Menu.Item>
          <Menu.Item disabled={!onDown} onClick={onDown}>
            Move down
          </Menu.Item>
          <Menu.Divider />
          <StageKinds stage={stage} />
          <Menu.Divider />
          <Menu.Item color="red" onClick={() => remove.mutate()}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

type Colours = NonNullable<StageEdit["color"]>;

function Colour({ stage, onChange }: { stage: StageOut; onChange: (color: Colours) => void }) {
  const set = (background: string) =>
    onChange({ backgroundColor: background, foregroundColor: readableOn(background) });
  return (
    <Popover position="bottom-start" shadow="md" withinPortal>
      <Popover.Target>
        <button
          type="button"
          className={classes.swatch}
          style={{ background: stage.color.backgroundColor }}
          aria-label={`Colour of ${stage.name}`}
        />
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <ColorPicker
            format="hex"
            value={stage.color.backgroundColor}
            swatches={SWATCHES}
            swatchesPerRow={6}
            onChangeEnd={set}
          />
          <Button
            variant="default"
            disabled={stage.isColorFromTheme}
            onClick={() => onChange({ backgroundColor: "", foregroundColor: "" })}
          >
            As the theme has it
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Add({ pipeline }: { pipeline: PipelineOut }) {
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () =>
      client.POST("/v2/pipelines/{pipeline}/stages", {
        params: { path: { pipeline: pipeline.key } },
        body: { name: name.trim() },
      }),
    onSuccess: () => setName(""),
    onSettled: () => refresh(pipeline.key),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Group gap="xs">
        <TextInput
          aria-label="Name of the new stage"
          placeholder="Add a stage"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" size="sm" disabled={name.trim() === ""} loading={add.isPending}>
          Add
        </Button>
      </Group>
    </form>
  );
}
