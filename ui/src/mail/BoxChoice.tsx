import { Button, Group, Modal, Stack } from "@mantine/core";
import { useState } from "react";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { BoxSelect, type NamedBox } from "./BoxSelect";

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
  const [chosen, setChosen] = useState<string | null>(offered[0]?.key ?? null);
  const form = useForm(async () => {
    if (chosen) await onChoose(chosen);
  });
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={form.submit}>
        <Stack>
          <BoxSelect value={chosen} onChange={setChosen} offered={offered} except={except} autoFocus />
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
