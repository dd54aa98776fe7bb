import { Alert, Button, Group, Menu, Modal, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconMailbox, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { MailboxOut, MailboxTestOut } from "../api/schema";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { lazily } from "../lib/lazily";
import mail from "../mail/mail.module.css";
import { isMoving, kindInWords, stateOf } from "../mail/states";

const Connect = lazily(() => import("../mail/Connect").then((file) => ({ default: file.Connect })));
const EditMailbox = lazily(() => import("../mail/EditMailbox").then((file) => ({ default: file.EditMailbox })));
const SendingSettings = lazily(() =>
  import("../mail/SendingSettings").then((file) => ({ default: file.SendingSettings })),
);
const Details = lazily(() => import("../mail/Details").then((file) => ({ default: file.Details })));
const MAILBOXES = ["get", "/v2/mailboxes"] as const;
const refresh = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v2/mailboxes") });

/** Screen with the mailboxes that the server reads: the user's own, and those of teams that the user owns. */
export default function Mailboxes() {
  const query = api.useQuery(
    ...MAILBOXES,
    {},
    { refetchInterval: ({ state }) => (state.data?.results.some(isMoving) ? 3_000 : 30_000) },
  );
  const [connecting, dialog] = useDisclosure(false);
  useCommands([
    { id: "connect-mailbox", label: "Connect a mailbox", section: "Mailboxes", keys: "c", run: dialog.open },
  ]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={dialog.open}>
      Connect a mailbox
    </Button>
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Mailboxes</Title>
          <Text component="p" className="quiet">
            E-mail with the people of your boxes goes to these boxes. Other e-mail in your mailbox is never stored.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/mailboxes" }} />
          <Button component={Link} to="/mail/blocks" variant="default">
            Blocked senders
          </Button>
          {button}
        </Group>
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconMailbox} title="No mailboxes yet" action={button}>
              Connect Gmail, Microsoft 365, Fastmail or your own mail server. Nothing in the mailbox is changed.
            </Empty>
          ) : (
            <Rows heads={["Mailbox", "State", "Stored", "Skipped", "Refused", null]} label="Mailboxes">
              {results.map((each) => (
                <Line key={each.key} mailbox={each} />
              ))}
            </Rows>
          )
        }
      </Ready>
      <Suspense fallback={null}>{connecting && <Connect onClose={dialog.close} />}</Suspense>
    </div>
  );
}

type Open = "details" | "edit" | "sending" | "remove" | null;

function Line({ mailbox }: { mailbox: MailboxOut }) {
  const [open, setOpen] = useState<Open>(null);
  const [tested, setTested] = useState<MailboxTestOut | null>(null);
  const close = () => setOpen(null);
  const params = { path: { mailbox: mailbox.key } };
  const state = stateOf(mailbox);
  const test = useMutation({
    mutationFn: () => client.POST("/v2/mailboxes/{mailbox}/test", { params }),
    onSuccess: ({ data }) => setTested(data as MailboxTestOut),
  });
  const turn = useMutation({
    mutationFn: (on: boolean) =>
      on
        ? client.POST("/v2/mailboxes/{mailbox}/resume", { params })
        : client.POST("/v2/mailboxes/{mailbox}/pause", { params }),
    onSuccess: refresh,
  });
  const authorize = useMutation({
    mutationFn: () => client.POST("/v2/mailboxes/{mailbox}/authorize", { params }),
    onSuccess: ({ data }) => location.assign((data as { url: string }).url),
  });
  const isPaused = mailbox.state === "paused";
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div className={mail.address}>
          {mailbox.address}
          <Text size="xs" className="quiet">
            {kindInWords(mailbox)}
            {mailbox.syncedTimestamp && (
              <>
                , read <Moment at={mailbox.syncedTimestamp} />
              </>
            )}
          </Text>
        </div>
      </Table.Td>
      <Table.Td>
        <div>
          <span className={mail.state} data-colour={state.colour}>
            {state.label}
          </span>
          <Text size="xs" className="quiet" style={{ whiteSpace: "normal" }} maw={260}>
            {mailbox.error ?? state.hint}
          </Text>
        </div>
      </Table.Td>
      <Table.Td className="numbers">{mailbox.stored.toLocaleString()}</Table.Td>
      <Table.Td className="numbers">{mailbox.skipped.toLocaleString()}</Table.Td>
      <Table.Td className="numbers">{mailbox.refused.toLocaleString()}</Table.Td>
      <Table.Td align="right">
        <Group gap={4} wrap="nowrap" justify="flex-end">
          {mailbox.state === "unauthorized" && (
            <Button size="compact-xs" loading={authorize.isPending} onClick={() => authorize.mutate()}>
              Sign in
            </Button>
          )}
          {mailbox.state === "refused" && (
            <Button size="compact-xs" onClick={() => setOpen("edit")}>
              Enter password
            </Button>
          )}
          <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                aria-label={`More about ${mailbox.address}`}
                loading={test.isPending || turn.isPending}
              >
                <IconDots size={15} />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setOpen("details")}>Folders and refused e-mail</Menu.Item>
              {mailbox.imap && <Menu.Item onClick={() => test.mutate()}>Test the connection</Menu.Item>}
              <Menu.Item onClick={() => turn.mutate(isPaused)}>{isPaused ? "Resume" : "Pause"}</Menu.Item>
              {mailbox.state === "failing" && <Menu.Item onClick={() => turn.mutate(true)}>Try again now</Menu.Item>}
              <Menu.Item component="a" href={`/api/v2/mailboxes/${mailbox.key}/mbox`} download>
                Download the stored e-mail
              </Menu.Item>
              <Menu.Item onClick={() => setOpen("edit")}>Edit</Menu.Item>
              {mailbox.smtp && <Menu.Item onClick={() => setOpen("sending")}>Signature and sending</Menu.Item>}
              <Menu.Item color="red" onClick={() => setOpen("remove")}>
                Remove
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
        <Suspense fallback={null}>
          {open === "details" && <Details mailbox={mailbox} onClose={close} />}
          {open === "sending" && <SendingSettings mailbox={mailbox} onSaved={refresh} onClose={close} />}
          {open === "edit" && <EditMailbox mailbox={mailbox} onSaved={refresh} onClose={close} />}
        </Suspense>
        {open === "remove" && <Remove mailbox={mailbox} onClose={close} />}
        {tested && <Tested mailbox={mailbox} result={tested} onClose={() => setTested(null)} />}
      </Table.Td>
    </Table.Tr>
  );
}

function Tested({ mailbox, result, onClose }: { mailbox: MailboxOut; result: MailboxTestOut; onClose: () => void }) {
  const servers = [
    { name: `Reading from ${mailbox.imap?.host ?? "the server"}`, ...result.imap },
    ...(result.smtp ? [{ name: `Sending by ${mailbox.smtp?.host ?? "the server"}`, ...result.smtp }] : []),
  ];
  return (
    <Modal opened onClose={onClose} title={`Test of ${mailbox.address}`}>
      <Stack>
        {servers.map(({ name, success, error }) => (
          <Alert key={name} color={success ? "green" : "red"} title={name} p="sm">
            {success ? "The connection works." : error}
          </Alert>
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Remove({ mailbox, onClose }: { mailbox: MailboxOut; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/mailboxes/{mailbox}", { params: { path: { mailbox: mailbox.key } } }),
    onSuccess: () => {
      onClose();
      say(`${mailbox.address} is removed`);
      return refresh();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Remove ${mailbox.address}?`}>
      <Stack>
        <Text size="sm">Its password is deleted, and Boxwood stops reading it. E-mail on boxes stays there.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button color="red" data-autofocus loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
