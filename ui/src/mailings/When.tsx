import { Button, Group, Stack, Text } from "@mantine/core";
import { IconCalendarTime, IconSend } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import type { MailingOut } from "../api/schema";
import { AskTime } from "../writing/SendButton";
import { leftOutInWords, lettersOf, recipientsInWords, refreshMailings } from "./states";

/** Starts a mailing, now or later. */
export function When({ mailing }: { mailing: MailingOut }) {
  const [asking, setAsking] = useState(false);
  const senders = api.useQuery("get", "/v2/senders", {});
  const sender = senders.data?.results.find(({ mailboxKey }) => mailboxKey === mailing.mailboxKey);
  const count = lettersOf(mailing);
  const start = useMutation({
    mutationFn: (at?: number) =>
      client.POST("/v2/mailings/{mailing}/start", {
        params: { path: { mailing: mailing.key } },
        body: at === undefined ? {} : { sendAt: at },
      }),
    onSuccess: refreshMailings,
  });
  const hours = sender ? Math.ceil(count / Math.max(1, sender.perHour)) : 0;
  return (
    <Stack maw={560}>
      <Text size="sm">
        {recipientsInWords(count)} get “{mailing.subject || "an e-mail without a subject"}”
        {sender && <> from {sender.address}</>}.
      </Text>
      {leftOutInWords(mailing.counts.leftOut) && (
        <Text size="sm" className="quiet">
          {leftOutInWords(mailing.counts.leftOut)}
        </Text>
      )}
      {sender && hours > 1 && (
        <Text size="sm" className="quiet">
          The mailbox writes to {sender.perHour} recipients in an hour, so this takes about {hours} hours.
        </Text>
      )}
      <Group>
        <Button
          leftSection={<IconSend size={14} stroke={1.8} />}
          disabled={count === 0}
          loading={start.isPending}
          onClick={() => start.mutate(undefined)}
        >
          Start now
        </Button>
        <Button
          variant="default"
          leftSection={<IconCalendarTime size={14} stroke={1.8} />}
          disabled={count === 0}
          onClick={() => setAsking(true)}
        >
          Start later
        </Button>
      </Group>
      {asking && (
        <AskTime
          onClose={() => setAsking(false)}
          onChoose={(at) => {
            setAsking(false);
            start.mutate(at);
          }}
        />
      )}
    </Stack>
  );
}
