import { Button, Group, PasswordInput, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";

/** Section that changes the password and signs out every other browser. */
export function Password({ email }: { email: string }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const form = useForm(async () => {
    await client.POST("/v2/session/password", { body: { password, ...(current ? { current } : {}) } });
    setCurrent("");
    setPassword("");
    say("Your password is changed, and every other browser signed out");
    await queries.invalidateQueries({ queryKey: ["get", "/v2/sessions"] });
  });
  const was = errorAt(form.error, "current");
  const wanted = errorAt(form.error, "password");
  return (
    <section aria-label="Password">
      <Title order={2} mb="xs">
        Password
      </Title>
      <form onSubmit={form.submit}>
        <input type="hidden" name="username" autoComplete="username" value={email} />
        <Stack maw={520}>
          <PasswordInput
            label="Current password"
            description="Leave it empty where you have none yet"
            autoComplete="current-password"
            value={current}
            error={was}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description="10 characters or more. Every other browser is signed out."
            autoComplete="new-password"
            required
            value={password}
            error={wanted}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Refusal error={was || wanted ? null : form.error} />
          <Group>
            <Button type="submit" loading={form.busy}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </section>
  );
}
