import { IconMap2 } from "@tabler/icons-react";
import { Link } from "react-router";
import { Empty } from "../components/states";

export default function NotFound() {
  return (
    <Empty icon={IconMap2} title="There is no such page" action={<Link to="/">Go to your pipelines</Link>}>
      The address may be mistyped, or the page has moved.
    </Empty>
  );
}
