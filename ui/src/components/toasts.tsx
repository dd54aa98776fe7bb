import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { messageOf } from "../api/problem";

const MOST = 3;
let shown: string[] = [];

/** Shows the newest toast at once, even if older ones are still shown. */
function show(toast: Parameters<typeof notifications.show>[0]): string {
  const id = notifications.show({ closeButtonProps: { "aria-label": "Close" }, ...toast });
  shown = [...shown, id];
  while (shown.length > MOST) {
    const [oldest, ...rest] = shown;
    if (oldest) notifications.hide(oldest);
    shown = rest;
  }
  return id;
}

export function say(message: string): void {
  show({ message, color: "gray" });
}

export function failed(error: unknown, title = "That was not saved"): void {
  show({ title, message: messageOf(error), color: "red" });
}

/** Shows a toast that says what was done and offers to undo it for ten seconds. */
export function undoable(message: string, undo: () => Promise<unknown>): void {
  const id = show({
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
