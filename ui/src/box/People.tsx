import { Button } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useEditBox } from "../api/boxes";
import { useMe } from "../api/session";
import { useCommands } from "../commands/registry";
import { Faces, type Known } from "../components/People";
import { kindOf } from "../fields/kinds";
import { useOpenBox } from "./context";
import classes from "./Fields.module.css";
import { InPlace } from "./InPlace";
import { Mute } from "./Mute";

const ASSIGNEES = { key: "assignees", name: "Assigned to", type: "PERSON" };
const FOLLOWERS = { key: "followers", name: "Followers", type: "PERSON" };

/** The assignees and followers of the box. */
export function People() {
  const { box, pipeline, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();
  const me = useMe();
  const Edit = kindOf(ASSIGNEES).Edit;
  const follows = box.followerKeys.includes(me.key);

  const isAssigned = box.assignedToSharingEntries.some((each) => each.userKey === me.key);
  const follow = () =>
    edit({
      box,
      edit: {
        followerKeys: follows ? box.followerKeys.filter((each) => each !== me.key) : [...box.followerKeys, me.key],
      },
    });
  const assign = () => {
    const others = box.assignedToSharingEntries.filter((each) => each.userKey !== me.key);
    edit({
      box,
      edit: { assignees: named(isAssigned ? others : [...others, { userKey: me.key, email: me.email }]) },
      says: "Assigned",
    });
  };
  useCommands(
    mayEdit
      ? [
          { label: isAssigned ? "Remove me from the assignees" : "Assign to me", id: "assign-me", run: assign },
          { label: follows ? "Unfollow this box" : "Follow this box", id: "follow", run: follow },
        ].map((each) => ({ ...each, section: "Box", searched: true }))
      : [],
  );

  function people(which: typeof ASSIGNEES, shown: readonly Known[], save: (value: unknown) => void) {
    return (
      <div className={classes.field}>
        <dt>{which.name}</dt>
        <dd>
          <InPlace
            label={which.name}
            value={shown}
            empty="None"
            draw={<Faces people={shown} most={8} />}
            edit={
              Edit && mayEdit
                ? (close) => (
                    <Edit
                      field={which}
                      value={shown}
                      teamKey={pipeline.teamKey}
                      onSave={(value) => {
                        save(value);
                        close();
                      }}
                      onCancel={close}
                    />
                  )
                : null
            }
          />
          {which === FOLLOWERS && mayEdit && (
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              leftSection={follows ? <IconBellOff size={14} /> : <IconBell size={14} />}
              onClick={follow}
            >
              {follows ? "Unfollow" : "Follow"}
            </Button>
          )}
          {which === FOLLOWERS && <Mute key={String(follows)} box={box.key} />}
        </dd>
      </div>
    );
  }

  return (
    <dl className={classes.fields}>
      {people(ASSIGNEES, box.assignedToSharingEntries, (value) =>
        edit({ box, edit: { assignees: named(value) }, says: "Assigned" }),
      )}
      {people(FOLLOWERS, box.followerSharingEntries, (value) =>
        edit({
          box,
          edit: { followerKeys: named(value).flatMap((each) => each.userKey ?? []) },
          says: "Followers changed",
        }),
      )}
    </dl>
  );
}

function named(value: unknown): { userKey?: string; email?: string }[] {
  return ((value ?? []) as Known[]).map(({ userKey, email }) => (userKey ? { userKey } : { email }));
}
