import { Button, Group, Input, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { Suspense, useState } from "react";
import { api, client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import type { SnippetOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Loading } from "../components/states";
import { lazily } from "../lib/lazily";
import { fieldOffers } from "./offers";
import { refreshSnippets } from "./snippets";

const Editor = lazily(() => import("./Editor"));

/** Writes a new snippet, or changes one. */
export default function SnippetForm({ snippet, onClose }: { snippet: SnippetOut | null; onClose: () => void }) {
  const me = useMe();
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const [name, setName] = useState(snippet?.snippetName ?? "");
  const [shortcut, setShortcut] = useState(snippet?.snippetKeyShortcut ?? "");
  const [subject, setSubject] = useState(snippet?.subject ?? "");
  const [html, setHtml] = useState(snippet?.snippetText.value ?? "");
  const [pipelineKey, setPipelineKey] = useState(snippet?.pipelineKey ?? "");
  const isAuthor = !snippet || snippet.userKey === me.key;
  const pipeline = pipelines.data?.results.find(({ key }) => key === pipelineKey) ?? null;
  const form = useForm(async () => {
    const body = {
      snippetName: name.trim(),
      snippetText: html,
      subject: subject.trim(),
      snippetKeyShortcut: shortcut.trim().replace(/^[;/]/, ""),
      ...(isAuthor && { pipelineKey }),
    };
    const { response } = snippet
      ? await client.POST("/v1/snippets/{snippet}", { params: { path: { snippet: snippet.key } }, body })
      : await client.PUT("/v1/snippets", { body });
    offerUndo(snippet ? "Snippet saved" : "Snippet added", response);
    onClose();
    await refreshSnippets();
  });
  return (
    <Modal opened onClose={onClose} title={snippet ? "Edit the snippet" : "Add a snippet"} size="xl">
      <form onSubmit={form.submit}>
        <Stack>
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              required
              data-autofocus
              value={name}
              error={errorAt(form.error, "snippetName")}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label="Shortcut"
              description="Type ; and the shortcut in an e-mail"
              inputWrapperOrder={["label", "input", "description", "error"]}
              placeholder="intro"
              leftSection=";"
              value={shortcut}
              error={errorAt(form.error, "snippetKeyShortcut")}
              onChange={(event) => setShortcut(event.currentTarget.value.replace(/\s/g, ""))}
            />
          </Group>
          <TextInput
            label="Subject"
            description="For new e-mail. Leave empty to keep the subject."
            inputWrapperOrder={["label", "input", "description", "error"]}
            value={subject}
            error={errorAt(form.error, "subject")}
            onChange={(event) => setSubject(event.currentTarget.value)}
          />
          <div>
            <Input.Label labelElement="div">Text</Input.Label>
            <Suspense fallback={<Loading rows={4} />}>
              <Editor
                label="Text"
                html={html}
                onChange={setHtml}
                offers={fieldOffers(pipeline)}
                placeholder="Dear {{contact.givenName|customer}}, …"
              />
            </Suspense>
            <Text size="xs" className="quiet" mt={4}>
              Type {"{{"} for a merge field. Each recipient gets their own value.
            </Text>
          </div>
          <Select
            label="Who can use it"
            disabled={!isAuthor}
            allowDeselect={false}
            searchable
            data={[
              { value: "", label: "Only you" },
              ...(pipelines.data?.results ?? []).map((each) => ({
                value: each.key,
                label: `Everybody with access to ${each.name}`,
              })),
            ]}
            value={pipelineKey}
            error={errorAt(form.error, "pipelineKey")}
            onChange={(value) => setPipelineKey(value ?? "")}
          />
          <Refusal
            error={
              form.error && !errorAt(form.error, "snippetName", "snippetKeyShortcut", "subject", "pipelineKey")
                ? messageOf(form.error)
                : null
            }
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
