import { Button, Group, Modal, Stack } from "@mantine/core";
import { ShownOnce } from "../components/ShownOnce";

/** The new signing secret of a webhook subscription. */
export function Secret({ value, onClose }: { value: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="lg" title="New signing secret" closeOnClickOutside={false}>
      <Stack>
        <ShownOnce label="Signing secret" value={value}>
          For a day deliveries are signed with both, so the receiver can take its time.
        </ShownOnce>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
