import { Alert, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import { errorAt, messageOf, Problem } from "../api/problem";
import { queries } from "../api/queries";
import type { MailOut, MailTestOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { CopyAsCode } from "../components/CopyAsCode";
import { Ready } from "../components/states";
import { say } from "../components/toasts";

const MAIL = ["get", "/v2/settings/mail"] as const;

/** Section for the server's outgoing mail. It draws nothing for users who may not change it. */
export function Mail() {
  const query = api.useQuery(...MAIL, {}, { retry: false });
  if (query.error instanceof Problem && query.error.status === 403) return null;
  return (
    <section id="mail" aria-label="Mail">
      <Group justify="space-between">
        <Title order={2}>Mail of this server</Title>
        <CopyAsCode call={{ method: "GET", path: "/v2/settings/mail" }} />
      </Group>
      <Ready query={query}>{(settings) => <Form key={String(settings.byEnvironment)} settings={settings} />}</Ready>
    </section>
  );
}

function Form({ settings }: { settings: MailOut }) {
  const [smtpUrl, setSmtpUrl] = useState(settings.smtpUrl);
  const [from, setFrom] = useState(settings.from);
  const [baseUrl, setBaseUrl] = useState(settings.baseUrl);
  const fixed = settings.byEnvironment;
  const form = useForm(async () => {
    // The server returns the address without its password, so an unchanged address is not sent back.
    const changed = smtpUrl.trim() === settings.smtpUrl ? {} : { smtpUrl: smtpUrl.trim() };
    const body = { ...changed, from: from.trim(), baseUrl: baseUrl.trim() };
    const { data } = await client.POST("/v2/settings/mail", { body });
    setSmtpUrl((data as MailOut).smtpUrl);
    say("Saved");
    await queries.invalidateQueries({ queryKey: MAIL });
  });
  const at = (...fields: string[]) => errorAt(form.error, ...fields);
  const placed = at("smtpUrl", "from", "sender", "baseUrl");
  return (
    <form onSubmit={form.submit}>
      <Stack maw={520} mt={4}>
        <Text className="quiet">
          {settings.configured
            ? `${settings.sent} sent, ${settings.waiting} waiting, ${settings.dead} refused for good.`
            : "Without mail, links of invitations are shown to be copied."}
          {fixed && " The server's environment says how mail leaves, and is changed there."}
        </Text>
        <TextInput
          label="SMTP server"
          placeholder="smtp://crm:password@mail.example.com:587"
          description="The password is not shown again; empty ends mail"
          autoComplete="off"
          disabled={fixed}
          value={smtpUrl}
          error={at("smtpUrl")}
          onChange={(event) => setSmtpUrl(event.currentTarget.value)}
        />
        <TextInput
          label="From"
          placeholder="Boxwood <crm@example.com>"
          disabled={fixed}
          value={from}
          error={at("from", "sender")}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          label="Links begin with"
          placeholder="https://crm.example.com"
          disabled={fixed}
          value={baseUrl}
          error={at("baseUrl")}
          onChange={(event) => setBaseUrl(event.currentTarget.value)}
        />
        <Refusal error={placed ? null : form.error} />
        {settings.lastError && (
          <Alert color="yellow" p="xs" title="The last fault">
            {settings.lastError}
          </Alert>
        )}
        <Group>
          <Button type="submit" disabled={fixed} loading={form.busy}>
            Save
          </Button>
          {settings.configured && <Test />}
        </Group>
      </Stack>
    </form>
  );
}

function Test() {
  const test = useMutation({
    mutationFn: async () => (await client.POST("/v2/settings/mail/test", { body: {} })).data as MailTestOut,
    meta: { quiet: true },
  });
  const refused = test.error ? messageOf(test.error) : test.data?.success === false ? test.data.error : "";
  return (
    <>
      <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
        Send me a test
      </Button>
      {test.data?.success && (
        <Alert color="green" p="xs" role="status">
          The mail server took a letter to {test.data.to}.
        </Alert>
      )}
      {refused && <Refusal error={refused} />}
    </>
  );
}
