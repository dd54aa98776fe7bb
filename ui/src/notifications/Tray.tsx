import { Drawer, Group, Title } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { Notices } from "./Notices";

/** The user's notifications beside the current screen. */
export default function Tray({ onClose }: { onClose: () => void }) {
  const [which, setWhich] = useState("all");
  return (
    <Drawer opened onClose={onClose} position="left" size={480} title={<Title order={2}>Notifications</Title>}>
      <Notices which={which} onWhich={setWhich} onGo={onClose} />
      <Group justify="center" mt="md">
        <Link to="/notifications" onClick={onClose}>
          Open as a page
        </Link>
      </Group>
    </Drawer>
  );
}
