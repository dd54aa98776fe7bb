import { Group, Kbd, Modal, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useAllCommands } from "./registry";

/** List of the keyboard shortcuts of this screen. */
export function Shortcuts({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const commands = useAllCommands().filter((each) => each.keys);
  const sections = [...new Set(commands.map((each) => each.section))];
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {sections.map((section) => (
          <Stack key={section} gap={6}>
            <Title order={3}>{section}</Title>
            {commands
              .filter((each) => each.section === section)
              .map((each) => (
                <Group key={each.id} justify="space-between" wrap="nowrap">
                  <Text size="sm">{each.label}</Text>
                  <Keys keys={each.keys ?? ""} />
                </Group>
              ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Modal>
  );
}

export function Keys({ keys }: { keys: string }) {
  const names = keys.split(/[ +]/).map(nameOfKey);
  return (
    <Group gap={3} wrap="nowrap">
      {names.map((name) => (
        <Kbd key={name} size="xs">
          {name}
        </Kbd>
      ))}
    </Group>
  );
}

function nameOfKey(key: string): string {
  if (key === "mod") return /Mac|iP/.test(navigator.userAgent) ? "⌘" : "Ctrl";
  const arrows: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→" };
  return arrows[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}
