import { Button, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { Problem } from "../api/problem";
import { signIn } from "../api/session";
import { OtherWays } from "./OtherWays";
import { Refusal } from "./Refusal";
import classes from "./SignIn.module.css";
import { useForm } from "./useForm";

/** Sign-in form for a visitor who is not signed in. Afterwards the requested screen appears. */
export function SignIn() {
  return (
    <SignInLayout title="Sign in to Boxwood">
      <SignInForm />
    </SignInLayout>
  );
}

/** Layout around the forms for visitors who are not signed in. */
export function SignInLayout({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main className={classes.door}>
      <div className={classes.card}>
        <svg width="36" height="36" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" fill="#2d6a4f" />
          <path d="M8 9h16v4H8zM8 15h11v4H8zM8 21h6v4H8z" fill="#d8f3dc" />
        </svg>
        <Title order={1}>{title}</Title>
        {children}
      </div>
    </main>
  );
}

export function SignInForm({ email: known = "" }: { email?: string }) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const form = useForm(() => signIn(email, password, code));
  const wantsCode = code !== "" || (form.error instanceof Problem && form.error.field === "code");
  return (
    <form onSubmit={form.submit}>
      <Stack gap="sm">
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus={known === ""}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          autoFocus={known !== ""}
          value={password}
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
        <Refusal error={form.error} />
        <Button type="submit" size="sm" loading={form.busy}>
          Sign in
        </Button>
        <OtherWays email={email} />
      </Stack>
    </form>
  );
}
