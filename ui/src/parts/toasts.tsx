import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { messageOf } from "../api/problem";

export function say(message: string): void {
  notifications.show({ message, color: "gray" });
}

export function failed(error: unknown): void {
  notifications.show({ title: "That was not saved", message: messageOf(error), color: "red" });
}

/** Says what was done and offers to undo it for ten seconds. */
export function undoable(message: string, undo: () => Promise<unknown>): void {
  const id = notifications.show({
    color: "boxwood",
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          variant="light"
          size="compact-xs"
          onClick={() => {
            notifications.hide(id);
            undo().catch(failed);
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
