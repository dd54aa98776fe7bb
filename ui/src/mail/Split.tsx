import { Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { api, client } from "../api/client";
import type { MessageOut, ThreadOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Ready } from "../components/states";
import { exact } from "../lib/dates";
import { nameOf } from "./Message";
import { refreshMail } from "./refresh";

/** Moves some e-mails of a conversation to a new conversation. */
export function Split({ thread, onClose }: { thread: ThreadOut; onClose: () => void }) {
  const path = { path: { thread: thread.key }, query: { limit: 1000 } };
  const query = api.useQuery("get", "/v2/threads/{thread}/messages", { params: path });
  return (
    <Modal opened onClose={onClose} title="Split the conversation">
      <Ready query={query}>{({ results }) => <Choice thread={thread} messages={results} onClose={onClose} />}</Ready>
    </Modal>
  );
}

function Choice({ thread, messages, onClose }: { thread: ThreadOut; messages: MessageOut[]; onClose: () => void }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const form = useForm(async () => {
    const { response } = await client.POST("/v2/threads/{thread}/split", {
      params: { path: { thread: thread.key } },
      body: { messageKeys: chosen },
    });
    onClose();
    offerUndo("Conversation split", response);
    await refreshMail();
  });
  return (
    <form onSubmit={form.submit}>
      <Stack>
        <Text size="sm">Select the e-mails that begin a conversation of their own.</Text>
        <Checkbox.Group value={chosen} onChange={setChosen}>
          <Stack gap="xs">
            {messages.map((message) => (
              <Checkbox
                key={message.key}
                value={message.key}
                label={nameOf(message.from)}
                description={`${exact(message.timestamp)} · ${message.subject || "Without a subject"}`}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <Refusal error={form.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={form.busy} disabled={chosen.length === 0 || chosen.length === messages.length}>
            Split
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
