import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { errorAt } from "../api/problem";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";

type Props = {
  title: string;
  action: string;
  /** If set, the dialog also asks for a name, under this label. */
  naming?: string;
  children?: ReactNode;
  send: (password: string, name: string) => Promise<unknown>;
  onClose: () => void;
};

/** Dialog that asks for the user's password before it changes how the user signs in. */
export function AskPassword({ title, action, naming, children, send, onClose }: Props) {
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const form = useForm(() => send(password, name.trim()));
  const at = errorAt(form.error, "password");
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={form.submit}>
        <Stack>
          {children && <Text size="sm">{children}</Text>}
          {naming && (
            <TextInput
              label={naming}
              placeholder="Laptop"
              data-autofocus
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            label="Your password"
            autoComplete="current-password"
            required
            {...(naming ? {} : { "data-autofocus": true })}
            value={password}
            error={at}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Refusal error={at ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
