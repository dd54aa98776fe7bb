import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { errorAt, Problem } from "../api/problem";
import { signInByLink } from "../api/session";
import { Refusal } from "./Refusal";
import { SignInLayout } from "./SignIn";
import { useForm } from "./useForm";

type LinkDoorProps = { title: string; says: string; button: string; asksName: boolean };

/** Signs in with a link that works only once. Its token stands after the #, which browsers never send to a server. */
export function LinkDoor({ title, says, button, asksName }: LinkDoorProps) {
  const [token] = useState(() => location.hash.slice(1));
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const navigate = useNavigate();
  const form = useForm(async () => {
    const more = { ...(asksName && name.trim() ? { name: name.trim() } : {}), ...(code ? { code } : {}) };
    await signInByLink(token, { password, ...more });
    await navigate("/", { replace: true });
  });
  const wantsCode = code !== "" || (form.error instanceof Problem && form.error.field === "code");
  if (token === "") {
    return (
      <SignInLayout title="This link is not whole">
        <Text size="sm">Copy all of it, up to the last character, or ask for a new one.</Text>
        <Button component="a" href="/" variant="default">
          Go to the sign-in
        </Button>
      </SignInLayout>
    );
  }
  return (
    <SignInLayout title={title}>
      <Text size="sm" className="quiet">
        {says}
      </Text>
      <form onSubmit={form.submit}>
        <Stack gap="sm">
          {asksName && (
            <TextInput
              label="Your name"
              name="name"
              autoComplete="name"
              autoFocus
              value={name}
              error={errorAt(form.error, "name")}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            label="A password for next time"
            name="password"
            autoComplete="new-password"
            required
            autoFocus={!asksName}
            value={password}
            error={errorAt(form.error, "password")}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {wantsCode && (
            <TextInput
              label="Code from your authenticator"
              name="code"
              autoComplete="one-time-code"
              inputMode="numeric"
              autoFocus
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          )}
          <Refusal error={errorAt(form.error, "name", "password") ? null : form.error} />
          <Button type="submit" size="sm" loading={form.busy}>
            {button}
          </Button>
        </Stack>
      </form>
    </SignInLayout>
  );
}
