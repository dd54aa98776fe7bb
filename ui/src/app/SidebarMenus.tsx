import { Menu } from "@mantine/core";
import { IconApi, IconArrowDown, IconArrowUp, IconLogout, IconStar, IconUserCircle } from "@tabler/icons-react";
import { Link } from "react-router";
import { signOut, useMe } from "../api/session";
import { failed } from "../components/toasts";
import classes from "./Sidebar.module.css";
import { useTheme } from "./useTheme";

type PipelineMenuProps = {
  starred: boolean;
  onStar: (on: boolean) => void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
  onClose: () => void;
};

export function PipelineMenu({ starred, onStar, onUp, onDown, onClose }: PipelineMenuProps) {
  return (
    <Menu opened onClose={onClose} position="bottom-end" returnFocus hideDetached={false}>
      <Menu.Target>
        <span className={classes.anchor} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconStar size={15} />} onClick={() => onStar(!starred)}>
          {starred ? "Take the star off" : "Star"}
        </Menu.Item>
        <Menu.Item leftSection={<IconArrowUp size={15} />} disabled={!onUp} onClick={onUp}>
          Move up
        </Menu.Item>
        <Menu.Item leftSection={<IconArrowDown size={15} />} disabled={!onDown} onClick={onDown}>
          Move down
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function AccountMenu({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const theme = useTheme();
  return (
    <Menu opened onClose={onClose} position="top-start" width={220} returnFocus hideDetached={false}>
      <Menu.Target>
        <span className={classes.anchor} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.email}</Menu.Label>
        {theme.choices.map((each) => (
          <Menu.Item
            key={each.value}
            onClick={() => theme.setColorScheme(each.value)}
            aria-checked={theme.colorScheme === each.value}
            role="menuitemradio"
            rightSection={theme.colorScheme === each.value ? "✓" : undefined}
          >
            {each.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={15} />}>
          Your account
        </Menu.Item>
        <Menu.Item component="a" href="/docs" target="_blank" leftSection={<IconApi size={15} />}>
          API reference
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut().catch(failed)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
