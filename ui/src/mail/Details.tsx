import { Modal, Stack, Table, Text, Title } from "@mantine/core";
import { api } from "../api/client";
import type { MailboxOut, MailFolderOut } from "../api/schema";
import { sizeInWords } from "../box/sizes";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";

/** The folders of a mailbox with how far they were read, why e-mail was skipped, and the refused e-mail. */
export function Details({ mailbox, onClose }: { mailbox: MailboxOut; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="xl" title={mailbox.address}>
      <Stack gap="lg">
        <Folders mailbox={mailbox} />
        <Refusals mailbox={mailbox} />
      </Stack>
    </Modal>
  );
}

function Folders({ mailbox }: { mailbox: MailboxOut }) {
  const params = { path: { mailbox: mailbox.key } };
  const query = api.useQuery("get", "/v2/mailboxes/{mailbox}/folders", { params }, { refetchInterval: 5_000 });
  return (
    <section aria-label="Folders">
      <Title order={3} mb={6}>
        Folders
      </Title>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Text className="quiet">No folder is read yet.</Text>
          ) : (
            <Rows heads={["Folder", "Read", "Stored", "Skipped", "Refused"]}>
              {results.map((folder) => (
                <Table.Tr key={folder.name}>
                  <Table.Td>{folder.name}</Table.Td>
                  <Table.Td className="numbers">
                    {folder.looked.toLocaleString()} {folder.complete ? "(all)" : "so far"}
                  </Table.Td>
                  <Table.Td className="numbers">{folder.stored.toLocaleString()}</Table.Td>
                  <Table.Td className="numbers" title={reasonsOf(folder)}>
                    {folder.skipped.toLocaleString()}
                  </Table.Td>
                  <Table.Td className="numbers">{folder.refused.toLocaleString()}</Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Ready>
      <Text size="xs" className="quiet" mt={6}>
        Skipped e-mail belongs to no box. It is not stored.
      </Text>
    </section>
  );
}

function reasonsOf(folder: MailFolderOut): string {
  return Object.entries(folder.reasons)
    .map(([reason, count]) => `${reason}: ${String(count)}`)
    .join(", ");
}

function Refusals({ mailbox }: { mailbox: MailboxOut }) {
  const params = { path: { mailbox: mailbox.key } };
  const query = api.useQuery("get", "/v2/mailboxes/{mailbox}/refusals", { params });
  return (
    <section aria-label="Refused e-mail">
      <Title order={3} mb={6}>
        Refused e-mail
      </Title>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Text className="quiet">Every e-mail could be read.</Text>
          ) : (
            <Rows heads={["Reason", "Folder", "Received", "Size"]}>
              {results.map((each) => (
                <Table.Tr key={`${each.folder} ${each.uid}`}>
                  <Table.Td style={{ whiteSpace: "normal" }}>{each.reason}</Table.Td>
                  <Table.Td>{each.folder}</Table.Td>
                  <Table.Td>
                    <Moment at={each.receivedTimestamp ?? each.timestamp} />
                  </Table.Td>
                  <Table.Td>{sizeInWords(each.size)}</Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Ready>
    </section>
  );
}
