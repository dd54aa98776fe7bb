import { Modal, Text } from "@mantine/core";
import { useSession } from "../api/session";
import { SignInForm } from "./SignIn";

/**
 * Dialog over the current screen after the session ended. Nothing on the screen is lost, and waiting requests continue
 * after the sign-in.
 */
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
