import { useMantineColorScheme } from "@mantine/core";
import type { Command } from "../commands/registry";

/** The colour scheme: light, dark, or as the system has it. */
export function useTheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const choices = [
    { value: "light", label: "Light" },
    { value: "dark", label: "Dark" },
    { value: "auto", label: "As the system" },
  ] as const;
  const commands: Command[] = choices.map((each) => ({
    id: `theme ${each.value}`,
    label: `Theme: ${each.label}`,
    section: "Everywhere",
    words: "colour color scheme appearance",
    run: () => setColorScheme(each.value),
  }));
  return { colorScheme, setColorScheme, choices, commands };
}
