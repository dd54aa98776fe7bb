import { Anchor, Button, Group, Radio, Select, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "react-router";
import { api, client } from "../api/client";
import type { AppRequestOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Ready } from "../components/states";
import { ACCESS } from "../integrations/access";
import classes from "../integrations/integrations.module.css";

/** Screen that asks the user whether an app may act for them. What the app asks for stands after the # of the address. */
export default function Connect() {
  const request = useLocation().hash.slice(1);
  const query = api.useQuery("post", "/v2/apps/request", { body: { request } });
  return (
    <div className={classes.page}>
      <Ready query={query}>{(asked) => <Question key={request} asked={asked} request={request} />}</Ready>
    </div>
  );
}

function Question({ asked, request }: { asked: AppRequestOut; request: string }) {
  const me = useMe();
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const [access, setAccess] = useState(asked.accesses.includes("propose") ? "propose" : (asked.accesses[0] ?? ""));
  const [team, setTeam] = useState("");
  const form = useForm(async () => {
    const body = { request, access: access as "read", ...(team ? { teamKey: team } : {}) };
    const { data } = await client.POST("/v2/apps", { body });
    if (data) location.assign(data.redirectUrl);
  });
  return (
    <form onSubmit={form.submit}>
      <Stack maw={560}>
        <Title order={1}>Allow {asked.name} to use Boxwood?</Title>
        <Text>
          {asked.name}
          {asked.url && (
            <>
              {" "}
              (
              <Anchor href={asked.url} rel="noreferrer" target="_blank" underline="always">
                {asked.url}
              </Anchor>
              )
            </>
          )}{" "}
          wants to act for you, {me.email}. Boxwood did not check who made this app. Allow it only if you started this
          yourself.
        </Text>
        <Radio.Group label="What it may do" value={access} onChange={setAccess}>
          <Stack gap="xs" mt="xs">
            {asked.accesses.map((each) => (
              <Radio key={each} value={each} label={ACCESS[each]?.label ?? each} description={ACCESS[each]?.says} />
            ))}
          </Stack>
        </Radio.Group>
        <Select
          label="Where"
          allowDeselect={false}
          value={team}
          data={[
            { value: "", label: "In all your teams" },
            ...(teams.data?.results ?? []).map((each) => ({ value: each.key, label: `Only in ${each.name}` })),
          ]}
          onChange={(value) => setTeam(value ?? "")}
        />
        <Text size="sm" className="quiet">
          Afterwards you return to {asked.redirectHost}. You can disconnect the app at any time under Integrations.
        </Text>
        <Refusal error={form.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => location.assign(asked.refusalUrl)}>
            Refuse
          </Button>
          <Button type="submit" loading={form.busy}>
            Allow
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
