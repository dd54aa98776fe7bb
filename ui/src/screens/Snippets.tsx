import { Button, Group, Table, Text, Title } from "@mantine/core";
import { IconPlus, IconTextPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { api, client } from "../api/client";
import type { SnippetOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { lazily } from "../lib/lazily";
import { refreshSnippets, SNIPPETS } from "../writing/snippets";

const SnippetForm = lazily(() => import("../writing/SnippetForm"));

/** Screen with the user's snippets and those of pipelines that the user sees. */
export default function Snippets() {
  const query = api.useQuery(...SNIPPETS, {});
  const [open, setOpen] = useState<SnippetOut | "new" | null>(null);
  useCommands([
    { id: "add-snippet", label: "Add a snippet", section: "Snippets", keys: "c", run: () => setOpen("new") },
  ]);
  const add = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setOpen("new")}>
      Add a snippet
    </Button>
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Snippets</Title>
          <Text component="p" className="quiet">
            Texts that you use often. In an e-mail, type ; and the shortcut, or / and the name.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v1/snippets" }} />
          {add}
        </Group>
      </header>
      <Ready query={query}>
        {(snippets) =>
          snippets.length === 0 ? (
            <Empty icon={IconTextPlus} title="No snippets yet" action={add}>
              Write an answer once, and use it in every e-mail.
            </Empty>
          ) : (
            <Rows heads={["Snippet", "Shortcut", "For", "Changed", null]} label="Snippets">
              {snippets.map((each) => (
                <Line key={each.key} snippet={each} onEdit={() => setOpen(each)} />
              ))}
            </Rows>
          )
        }
      </Ready>
      <Suspense fallback={null}>
        {open && <SnippetForm snippet={open === "new" ? null : open} onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  );
}

function Line({ snippet, onEdit }: { snippet: SnippetOut; onEdit: () => void }) {
  const me = useMe();
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const pipeline = pipelines.data?.results.find(({ key }) => key === snippet.pipelineKey);
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v1/snippets/{snippet}", { params: { path: { snippet: snippet.key } } }),
    onSuccess: ({ response }) => offerUndo(`${snippet.snippetName} deleted`, response),
    onSettled: refreshSnippets,
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          <div className="cut">{snippet.snippetName}</div>
          {snippet.subject && (
            <Text size="xs" className="quiet cut">
              {snippet.subject}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>{snippet.snippetKeyShortcut ? `;${snippet.snippetKeyShortcut}` : "–"}</Table.Td>
      <Table.Td className={classes.wide}>
        {snippet.pipelineKey ? (pipeline?.name ?? "A pipeline") : "Only you"}
      </Table.Td>
      <Table.Td>
        <Moment at={snippet.lastSavedTimestamp} />
      </Table.Td>
      <Table.Td align="right">
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button variant="subtle" size="compact-xs" aria-label={`Edit ${snippet.snippetName}`} onClick={onEdit}>
            Edit
          </Button>
          {snippet.userKey === me.key && (
            <Button
              variant="subtle"
              color="red"
              size="compact-xs"
              aria-label={`Delete ${snippet.snippetName}`}
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Delete
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
