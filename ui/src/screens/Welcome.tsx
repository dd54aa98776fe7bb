import { LinkDoor } from "../app/LinkDoor";

export default function Welcome() {
  return (
    <LinkDoor
      title="Welcome to Boxwood"
      says="You are its owner: the link from the terminal brought you here, and works this once."
      button="Open Boxwood"
      asksName={true}
    />
  );
}
