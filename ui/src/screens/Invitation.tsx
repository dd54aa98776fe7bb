import { LinkDoor } from "../app/LinkDoor";

export default function Invitation() {
  return (
    <LinkDoor
      title="You are invited"
      says="Somebody wants to work with you in Boxwood. Say what you are called and choose a password."
      button="Join"
      asksName={true}
    />
  );
}
