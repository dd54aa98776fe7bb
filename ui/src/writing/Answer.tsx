import { Button, Group } from "@mantine/core";
import { IconArrowBackUp, IconArrowBackUpDouble, IconArrowForwardUp } from "@tabler/icons-react";
import type { DraftCreate, MessageOut } from "../api/schema";
import { useCommands } from "../commands/registry";
import { useWriting } from "./context";

const WAYS = [
  { kind: "reply", label: "Reply", keys: "r", icon: IconArrowBackUp },
  { kind: "replyAll", label: "Reply to all", keys: "a", icon: IconArrowBackUpDouble },
  { kind: "forward", label: "Forward", keys: "f", icon: IconArrowForwardUp },
] as const;

/** Answers or forwards an e-mail. The newest e-mail of a conversation has keys for it. */
export function Answer({ message, isNewest }: { message: MessageOut; isNewest: boolean }) {
  const writing = useWriting();
  const ways = WAYS.filter(({ kind }) => kind !== "replyAll" || message.to.length + message.cc.length > 1);
  const begin = (kind: DraftCreate["kind"]) => writing?.begin({ ...(kind && { kind }), messageKey: message.key });
  useCommands(
    writing?.mayWrite && isNewest
      ? ways.map(({ kind, label, keys }) => ({
          id: `mail-${kind}`,
          label: `${label}: newest e-mail`,
          section: "E-mail",
          keys,
          run: () => begin(kind),
        }))
      : [],
  );
  if (!writing?.mayWrite) return null;
  return (
    <Group gap="xs">
      {ways.map(({ kind, label, icon: Icon }) => (
        <Button
          key={kind}
          variant="default"
          size="compact-sm"
          leftSection={<Icon size={15} stroke={1.6} />}
          onClick={() => begin(kind)}
        >
          {label}
        </Button>
      ))}
    </Group>
  );
}
