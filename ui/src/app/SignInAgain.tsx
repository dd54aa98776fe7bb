import { Modal, Text } from "@mantine/core";
import { useSession } from "../api/session";
import { SignInForm } from "./SignIn";

/** Over the work of one whose session ended: nothing on the screen is lost, and what was under way goes on. */
export default function SignInAgain() {
  const session = useSession();
  const email = session.state === "expired" ? session.user.email : "";
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session ended"
    >
      <Text size="sm" className="quiet" mb="md">
        Sign in again to go on where you were. Nothing you typed is lost.
      </Text>
      <SignInForm email={email} />
    </Modal>
  );
}
