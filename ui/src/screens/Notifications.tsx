import { Title } from "@mantine/core";
import classes from "../agenda/agenda.module.css";
import { useSearch } from "../lib/search";
import { Notices } from "../notifications/Notices";

/** Screen with the notifications of the user. The address holds which of them are listed. */
export default function Notifications() {
  const [search, setSearch] = useSearch();
  return (
    <div className={classes.screen}>
      <Title order={1} mb="sm">
        Notifications
      </Title>
      <Notices
        which={search.get("which") ?? "all"}
        onWhich={(which) =>
          setSearch((before) => {
            if (which === "all") before.delete("which");
            else before.set("which", which);
            return before;
          })
        }
      />
    </div>
  );
}
