import { ActionIcon, Group, Menu, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import { failed } from "../components/toasts";
import classes from "./reports.module.css";
import { type Row, savePicture, saveRows } from "./save";

type Props = { title: string; rows: readonly Row[]; chart: ReactNode; children?: ReactNode; aside?: ReactNode };

/** A chart with its numbers in a table. Both can be saved as files. */
export function Card({ title, rows, chart, children, aside }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const file = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section className={classes.card} aria-label={title}>
      <Group justify="space-between" mb="sm" wrap="nowrap">
        <Title order={2}>{title}</Title>
        <Group gap="xs" wrap="nowrap">
          {aside}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon aria-label={`Save ${title}`}>
                <IconDownload size={17} stroke={1.6} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => saveRows(`${file}.csv`, rows)}>Save as CSV</Menu.Item>
              <Menu.Item
                onClick={() => holder.current && void savePicture(`${file}.png`, holder.current).catch(failed)}
              >
                Save as PNG
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <div ref={holder}>{chart}</div>
      {children}
    </section>
  );
}
