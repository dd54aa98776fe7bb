import { Anchor, SegmentedControl, Stack, Switch, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLocation } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { UserOut } from "../api/schema";
import { waysToSignIn } from "../api/session";
import { Ready } from "../components/states";
import { say } from "../components/toasts";

const SETTINGS = ["get", "/v2/notifications/settings"] as const;
const KEY = [...SETTINGS, {}] as const;

const FREQUENCIES = [
  { value: "never", label: "Never", means: "Nothing is mailed: what concerns you waits in the tray." },
  { value: "daily", label: "Daily", means: "One letter at eight in the morning of your time zone." },
  { value: "weekly", label: "Weekly", means: "One letter on Monday at eight in the morning of your time zone." },
];

/** Section that sets how often unread notifications are sent by mail. */
export function Digest({ me }: { me: UserOut }) {
  const query = api.useQuery(...SETTINGS, {});
  const ways = useQuery({ queryKey: ["ways to sign in"], queryFn: waysToSignIn });
  const section = useRef<HTMLElement>(null);
  const { hash } = useLocation();
  useEffect(() => {
    if (hash === "#digest" && query.data) section.current?.scrollIntoView({ block: "start" });
  }, [hash, query.data]);
  const include = useMutation({
    mutationFn: async (wanted: boolean) => {
      const body = { wantsTaskDigestEmail: wanted };
      await client.POST("/v1/users/{user}", { params: { path: { user: me.key } }, body });
      await queries.invalidateQueries({ queryKey: ["get", "/v1/users/me"] });
    },
    onSuccess: () => say("Saved"),
  });
  const choose = useMutation({
    mutationFn: async (digest: string) =>
      (await client.POST("/v2/notifications/settings", { body: { digest: digest as "daily" } })).data,
    onMutate: (digest) => {
      const before = queries.getQueryData(KEY);
      queries.setQueryData(KEY, { digest });
      return before;
    },
    onError: (_error, _digest, before) => queries.setQueryData(KEY, before),
    onSuccess: (saved) => {
      queries.setQueryData(KEY, saved);
      say("Saved");
    },
  });
  return (
    <section id="digest" ref={section} aria-label="Digest">
      <Title order={2} mb={4}>
        Notifications by mail
      </Title>
      <Ready query={query}>
        {({ digest }) => (
          <Stack maw={520} gap="xs" align="flex-start">
            <Text className="quiet">
              What you have not read comes in one letter, not in a storm of them. Who mentions or assigns you is in the
              tray at once.
            </Text>
            <SegmentedControl
              aria-label="How often"
              value={digest}
              onChange={(value) => choose.mutate(value)}
              data={FREQUENCIES.map(({ value, label }) => ({ value, label }))}
            />
            <Text size="sm" role="status">
              {FREQUENCIES.find((each) => each.value === digest)?.means}
            </Text>
            <Switch
              label="Include tasks that are due"
              checked={include.isPending ? include.variables : me.wantsTaskDigestEmail}
              disabled={digest === "never"}
              onChange={(event) => include.mutate(event.currentTarget.checked)}
            />
            {ways.data?.mail === false && (
              <Text size="sm" className="quiet">
                This server sends no mail yet. Its administrator can set it up{" "}
                <Anchor href="#mail" underline="always" inherit>
                  below
                </Anchor>{" "}
                or in its configuration.
              </Text>
            )}
          </Stack>
        )}
      </Ready>
    </section>
  );
}
