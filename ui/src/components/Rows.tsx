import { Table } from "@mantine/core";
import type { CSSProperties, ReactNode } from "react";
import classes from "./Rows.module.css";

type RowsProps = {
  /** Headings of the columns; null for a last column that holds the row's actions. */
  heads: (string | null)[];
  label?: string;
  /** Highlights a row under the pointer, because the whole row can be clicked. */
  highlight?: boolean;
  children: ReactNode;
};

/** A short table, each row a `Table.Tr`. On a phone the cells of a row are stacked, each after its heading. */
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
                  // biome-ignore lint/suspicious/noArrayIndexKey: the order of columns never changes
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
