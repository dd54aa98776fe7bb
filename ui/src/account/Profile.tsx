import { Button, Group, Select, Stack, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { UserOut } from "../api/schema";
import { load } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";

/** Section for the user's name and time zone, as other users see them. */
export function Profile({ me }: { me: UserOut }) {
  const [givenName, setGivenName] = useState(me.givenName);
  const [familyName, setFamilyName] = useState(me.lastName);
  const [timezone, setTimezone] = useState<string | null>(me.timezoneId ?? null);
  const form = useForm(async () => {
    const body = { givenName: givenName.trim(), familyName: familyName.trim(), timezone: timezone ?? "" };
    await client.POST("/v1/users/{user}", { params: { path: { user: me.key } }, body });
    say("Saved");
    await Promise.all([load(), queries.invalidateQueries()]);
  });
  const at = errorAt(form.error, "timezone", "timezoneId");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set(["UTC", here, ...(timezone ? [timezone] : []), ...Intl.supportedValuesOf("timeZone")])];
  return (
    <section aria-label="Profile">
      <Title order={2} mb="xs">
        Profile
      </Title>
      <form onSubmit={form.submit}>
        <Stack maw={520}>
          <Group grow align="flex-start">
            <TextInput
              label="Given name"
              autoComplete="given-name"
              value={givenName}
              onChange={(event) => setGivenName(event.currentTarget.value)}
            />
            <TextInput
              label="Family name"
              autoComplete="family-name"
              value={familyName}
              onChange={(event) => setFamilyName(event.currentTarget.value)}
            />
          </Group>
          <TextInput label="E-mail" value={me.email} readOnly variant="filled" />
          <Select
            label="Time zone"
            description={`When your day begins, for tasks, digests and automations. This browser is in ${here}.`}
            placeholder="Not set"
            searchable
            clearable
            limit={60}
            data={zones}
            value={timezone}
            error={at}
            onChange={setTimezone}
          />
          <Refusal error={at ? null : form.error} />
          <Group>
            <Button type="submit" loading={form.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </section>
  );
}
