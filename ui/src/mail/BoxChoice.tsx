import { Button, Group, Modal, Select, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";

export type NamedBox = { key: string; name: string };

type BoxChoiceProps = {
  title: string;
  action: string;
  /** Boxes that are offered before anything is typed. */
  offered?: NamedBox[];
  /** The box that cannot be chosen, because the mail is there. */
  except?: string;
  onChoose: (box: string) => Promise<unknown>;
  onClose: () => void;
};

/** Asks for a box, found by its name. */
export function BoxChoice({ title, action, offered = [], except, onChoose, onClose }: BoxChoiceProps) {
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<string | null>(offered[0]?.key ?? null);
  const [settled] = useDebouncedValue(words.trim(), 120);
  const picked = offered.some((each) => each.name === settled);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, limit: 20 } } },
    { enabled: settled !== "" && !picked, placeholderData: keepPreviousData, meta: { live: true } },
  );
  const others = found.data?.results.boxes.map((each) => ({ key: each.boxKey, name: each.name })) ?? [];
  const boxes = new Map([...offered, ...others].filter(({ key }) => key !== except).map((each) => [each.key, each]));
  const form = useForm(async () => {
    if (chosen) await onChoose(chosen);
  });
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={form.submit}>
        <Stack>
          <Select
            label="Box"
            placeholder="Type the name of a box"
            data-autofocus
            searchable
            openOnFocus={false}
            selectFirstOptionOnChange
            value={chosen}
            onChange={setChosen}
            onSearchChange={setWords}
            // The server has searched.
            filter={({ options }) => options}
            data={[...boxes.values()].map(({ key, name }) => ({ value: key, label: name }))}
            nothingFoundMessage={settled ? "No box of that name" : "Type the name of a box"}
          />
          <Refusal error={form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={!chosen} loading={form.busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
