import { IconMoodConfuzed } from "@tabler/icons-react";
import { Component, type ReactNode } from "react";
import { messageOf } from "../api/problem";
import { Empty } from "./states";

/** Error boundary: a fault stays within its part of the screen, and a message appears there. */
export class Crash extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Empty
        icon={IconMoodConfuzed}
        title="Something broke here"
        action={<a href={location.href}>Load the page again</a>}
      >
        {messageOf(this.state.error)}
      </Empty>
    );
  }
}
