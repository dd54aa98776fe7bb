import { Table } from "@mantine/core";
import type { CSSProperties, ReactNode } from "react";
import classes from "./Rows.module.css";

type RowsProps = {
  /** What stands above each column; null above the last one, where it holds what can be done with the row. */
  heads: (string | null)[];
  label?: string;
  /** Rows are pressed as a whole. */
  highlight?: boolean;
  children: ReactNode;
};

/** A short table, each row one `Table.Tr`. On a phone the cells of a row stand below each other, each after its head. */
export function Rows({ heads, label, highlight = false, children }: RowsProps) {
  const names = heads.map((head, at) => [`--head-${at + 1}`, JSON.stringify(head ?? "")]);
  return (
    <div className={classes.rows} style={Object.fromEntries(names) as CSSProperties}>
      <Table
        verticalSpacing={6}
        highlightOnHover={highlight}
        aria-label={label}
        data-headless={heads.every((head) => !head) || undefined}
        data-actions={heads.at(-1) === null || undefined}
      >
        {heads.some((head) => head) && (
          <Table.Thead>
            <Table.Tr>
              {heads.map((head, at) =>
                head === null ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their places
                  <Table.Th key={at} aria-label="Actions" />
                ) : (
                  <Table.Th key={head}>{head}</Table.Th>
                ),
              )}
            </Table.Tr>
          </Table.Thead>
        )}
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
