import { Title } from "@mantine/core";
import { Authenticator } from "../account/Authenticator";
import { Digest } from "../account/Digest";
import { Mail } from "../account/Mail";
import { Passkeys } from "../account/Passkeys";
import { Password } from "../account/Password";
import { Profile } from "../account/Profile";
import { Sessions } from "../account/Sessions";
import { api } from "../api/client";
import { Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";

/** Screen of the user's account: profile, ways to sign in, sessions. */
export default function Account() {
  const query = api.useQuery("get", "/v1/users/me", {});
  return (
    <div className={classes.page}>
      <Title order={1}>Your account</Title>
      <Ready query={query}>
        {(me) => (
          <>
            <Profile me={me} />
            <Digest me={me} />
            <Password email={me.email} />
            <Authenticator />
            <Passkeys />
            <Sessions />
            <Mail />
          </>
        )}
      </Ready>
    </div>
  );
}
