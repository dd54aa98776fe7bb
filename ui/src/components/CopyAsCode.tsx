import { ActionIcon, Menu } from "@mantine/core";
import { IconCode } from "@tabler/icons-react";
import { type ApiCall, asCurl, asPython } from "../lib/code";
import { failed, say } from "./toasts";

/** Copies the API call that returns what the screen shows. */
export function CopyAsCode({ call }: { call: ApiCall }) {
  const copy = (text: string, language: string) =>
    navigator.clipboard.writeText(text).then(
      () => say(`Copied as ${language}. It reads your API key from BOXWOOD_KEY.`),
      () => failed("This browser does not let pages copy"),
    );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label="Copy as code">
          <IconCode size={18} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>The same through the API</Menu.Label>
        <Menu.Item onClick={() => void copy(asCurl(call, location.origin), "curl")}>Copy as curl</Menu.Item>
        <Menu.Item onClick={() => void copy(asPython(call, location.origin), "Python")}>Copy as Python</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
