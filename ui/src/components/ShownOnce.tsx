import { ActionIcon, Alert, Code, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconKey } from "@tabler/icons-react";
import classes from "./ShownOnce.module.css";

/** A secret that the server shows only once. */
export function ShownOnce({ label, value, children }: { label: string; value: string; children?: React.ReactNode }) {
  return (
    <Alert icon={<IconKey size={18} />} title={`${label}: copy it now, it is not shown again`} color="yellow">
      <Copyable label={label} value={value} />
      {children && (
        <Text size="sm" mt={6}>
          {children}
        </Text>
      )}
    </Alert>
  );
}

/** A text with a button that copies it. */
export function Copyable({ label, value }: { label: string; value: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Code className={classes.text} aria-label={label}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy"}>
            <ActionIcon aria-label={`Copy ${label}`} onClick={copy}>
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
