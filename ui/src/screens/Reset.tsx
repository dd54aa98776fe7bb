import { LinkDoor } from "../app/LinkDoor";

export default function Reset() {
  return (
    <LinkDoor
      title="Choose a new password"
      says="All your other sessions end when it is saved."
      button="Save and sign in"
      asksName={false}
    />
  );
}
