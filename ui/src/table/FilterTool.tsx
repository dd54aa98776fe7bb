import { Badge, Box, Button, Popover } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";
import type { PipelineOut } from "../api/schema";
import type { Column } from "./columns";
import { FilterBuilder } from "./FilterBuilder";
import { countTests, sendable, type Tree } from "./filter";

type Props = {
  pipeline: PipelineOut;
  columns: ReadonlyMap<string, Column>;
  tree: Tree | null;
  onChange: (tree: Tree | null) => void;
  /** Opens the filter when this number grows. */
  asked?: number;
};

/** Button that opens the filter and shows its number of conditions. */
export function FilterTool({ pipeline, columns, tree, onChange, asked = 0 }: Props) {
  const [opened, setOpened] = useState(false);
  const [seen, setSeen] = useState(asked);
  if (asked !== seen) {
    setSeen(asked);
    setOpened(true);
  }
  const tests = countTests(sendable(tree, columns));
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <Button
          variant={tests ? "light" : "subtle"}
          color={tests ? "boxwood" : "gray"}
          leftSection={<IconFilter size={15} />}
          onClick={() => setOpened((was) => !was)}
        >
          Filter
          {tests > 0 && (
            <Badge size="xs" ml={6} circle>
              {tests}
            </Badge>
          )}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Box w={{ base: "86vw", sm: 600 }}>
          <FilterBuilder portal={false} tree={tree} columns={columns} pipeline={pipeline} onChange={onChange} />
        </Box>
      </Popover.Dropdown>
    </Popover>
  );
}
