import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconSettings } from "@tabler/icons-react";
import { Link } from "react-router";
import type { StageOut } from "../api/schema";
import { StageKinds } from "../components/StageKinds";

/** The menu of a lane. Created when it is opened, like the menus of cards. */
export function LaneMenu({ stage }: { stage: StageOut }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size="sm" ml="auto" aria-label={`Settings of ${stage.name}`}>
          <IconDots size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <StageKinds stage={stage} />
        <Menu.Divider />
        <Menu.Item
          component={Link}
          to={`/pipelines/${stage.pipelineKey}/settings`}
          leftSection={<IconSettings size={15} />}
        >
          Stages of the pipeline
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
