import { Button, Group, Modal, Progress, Select, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import type { MailingOut, RecipientOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import mail from "../mail/mail.module.css";
import { timeInWords } from "../writing/sendTimes";
import { leftOutInWords, lettersOf, RECIPIENTS, reasonInWords, recipientState, refreshMailings } from "./states";

/** A mailing that was started: how far it is, and what became of each letter. */
export function Running({ mailing }: { mailing: MailingOut }) {
  const { counts } = mailing;
  const total = Math.max(1, lettersOf(mailing));
  const parts = [
    { label: "sent", count: counts.sent, color: "green.7" },
    { label: "perhaps sent", count: counts.doubtful, color: "orange.7" },
    { label: "not sent", count: counts.refused, color: "red.7" },
  ];
  return (
    <Stack>
      <Progress.Root size="lg" aria-label="How far it is">
        {parts.map(({ label, count, color }) => (
          <Progress.Section key={label} value={(count / total) * 100} color={color} aria-label={label} />
        ))}
      </Progress.Root>
      <Text size="sm" className="numbers" role="status">
        {counts.sent} of {lettersOf(mailing)} sent
        {counts.waiting > 0 && `, ${counts.waiting} waiting`}
        {counts.refused > 0 && `, ${counts.refused} not sent`}
        {counts.doubtful > 0 && `, ${counts.doubtful} perhaps sent`}
        {counts.cancelled > 0 && `, ${counts.cancelled} cancelled`}. {counts.replied} replied, {counts.unsubscribed}{" "}
        unsubscribed{counts.bounced > 0 && `, ${counts.bounced} came back`}.
        {(mailing.track.opens || counts.opened > 0) && ` ${counts.opened} opened it.`}
        {(mailing.track.clicks || counts.clicked > 0) && ` ${counts.clicked} followed a link.`}
        {mailing.state === "scheduled" &&
          mailing.startTimestamp &&
          ` It begins ${timeInWords(mailing.startTimestamp)}.`}
      </Text>
      {leftOutInWords(counts.leftOut) && (
        <Text size="sm" className="quiet">
          {leftOutInWords(counts.leftOut)}
        </Text>
      )}
      {mailing.error && (
        <Text size="sm" c="red" role="alert">
          {mailing.error}
        </Text>
      )}
      <Controls mailing={mailing} />
      <Recipients mailing={mailing} />
    </Stack>
  );
}

function Controls({ mailing }: { mailing: MailingOut }) {
  const [ending, setEnding] = useState(false);
  const params = { path: { mailing: mailing.key } };
  const act = useMutation({
    mutationFn: async (what: "pause" | "resume" | "cancel") => {
      if (what === "pause") await client.POST("/v2/mailings/{mailing}/pause", { params });
      else if (what === "resume") await client.POST("/v2/mailings/{mailing}/resume", { params });
      else await client.POST("/v2/mailings/{mailing}/cancel", { params });
    },
    onSettled: () => {
      setEnding(false);
      return refreshMailings();
    },
  });
  if (mailing.state === "done" || mailing.state === "cancelled") return null;
  return (
    <Group gap="xs">
      {mailing.state === "paused" ? (
        <>
          <Button loading={act.isPending} onClick={() => act.mutate("resume")}>
            Resume
          </Button>
          <Button component={Link} to="?step=what" variant="default">
            Change the text
          </Button>
        </>
      ) : (
        <Button variant="default" loading={act.isPending} onClick={() => act.mutate("pause")}>
          Pause
        </Button>
      )}
      <Button variant="default" onClick={() => setEnding(true)}>
        End the mailing
      </Button>
      {ending && (
        <Modal opened onClose={() => setEnding(false)} title="End the mailing?">
          <Stack>
            <Text size="sm">Recipients who have no letter yet get none. It cannot be resumed.</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setEnding(false)}>
                Go back
              </Button>
              <Button color="red" data-autofocus loading={act.isPending} onClick={() => act.mutate("cancel")}>
                End it
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </Group>
  );
}

const STATES = [
  ...["waiting", "sent", "refused", "doubtful", "leftOut", "cancelled"].map((value) => ({
    value,
    label: RECIPIENTS[value]?.label ?? value,
  })),
  { value: "replied", label: "Replied" },
  { value: "unsubscribed", label: "Unsubscribed" },
];

/** The recipients, each with the state of the letter. */
export function Recipients({ mailing }: { mailing: MailingOut }) {
  const [state, setState] = useState<string | null>(null);
  const query = api.useInfiniteQuery(
    "get",
    "/v2/mailings/{mailing}/recipients",
    { params: { path: { mailing: mailing.key }, query: state ? { state } : {} } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <Stack gap="xs">
      <Select
        w={180}
        size="xs"
        aria-label="State"
        placeholder="All recipients"
        clearable
        clearButtonProps={{ "aria-label": "All recipients" }}
        data={STATES}
        value={state}
        onChange={setState}
      />
      <Ready query={query}>
        {(data) => {
          const recipients = data.pages.flatMap((page) => page.results);
          if (recipients.length === 0) return <Text className="quiet">No recipients in this state.</Text>;
          return (
            <Rows heads={["Recipient", "State", "Sent", "Box"]} label="Recipients">
              {recipients.map((each) => (
                <Line key={each.key} recipient={each} />
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Line({ recipient }: { recipient: RecipientOut }) {
  const state = recipientState(recipient);
  const why = recipient.error ?? recipient.note ?? (recipient.reason && reasonInWords(recipient.reason));
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          <div className="cut">{recipient.name || recipient.address || "Without an address"}</div>
          {recipient.name && (
            <Text size="xs" className="quiet cut">
              {recipient.address}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>
        <div>
          <span className={mail.state} data-colour={state.colour}>
            {state.label}
            {recipient.repliedTimestamp !== undefined && ", replied"}
            {recipient.unsubscribedTimestamp !== undefined && ", unsubscribed"}
          </span>
          {why && (
            <Text size="xs" className="quiet" style={{ whiteSpace: "normal" }} maw={280}>
              {why}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>{recipient.sentTimestamp ? <Moment at={recipient.sentTimestamp} /> : "–"}</Table.Td>
      <Table.Td>
        {recipient.boxKey ? (
          <Link className={classes.open ?? ""} to={`/boxes/${recipient.boxKey}?tab=email`}>
            Open
          </Link>
        ) : (
          "–"
        )}
      </Table.Td>
    </Table.Tr>
  );
}
