import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAt, IconDownload, IconMail, IconPencil, IconRepeat } from "@tabler/icons-react";
import { Suspense, useEffect } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { useOpenBox } from "../box/context";
import { Empty, Loading, Ready } from "../components/states";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import { BoxRuns } from "../sequences/Runs";
import { useWritingHere, WritingContext } from "../writing/context";
import { Drafts } from "../writing/Drafts";
import { isOnItsWay } from "../writing/letters";
import writingClasses from "../writing/writing.module.css";
import { Conversation } from "./Conversation";
import classes from "./mail.module.css";

const StartSequence = lazily(() => import("../sequences/StartSequence"));
const BoxAddresses = lazily(() => import("./BoxAddresses").then((file) => ({ default: file.BoxAddresses })));

/** The e-mail conversations of the open box, the latest first. The address says which one is open. */
export default function BoxMail() {
  const { box, pipeline, mayEdit, may } = useOpenBox();
  const writing = useWritingHere({ box: box.key, pipeline, mayWrite: mayEdit });
  const query = api.useQuery("get", "/v1/boxes/{box}/threads", { params: { path: { box: box.key } } });
  const [search, setSearch] = useSearch();
  const named = search.get("thread");
  const [addresses, dialog] = useDisclosure(false);
  const [starting, sequence] = useDisclosure(false);
  const write = () => writing.begin({ boxKey: box.key });
  // A link can ask for a new e-mail with a parameter of the address.
  const asked = search.get("write") === "email";
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address asks once
  useEffect(() => {
    if (!asked) return;
    if (mayEdit) write();
    setSearch(
      (before) => {
        before.delete("write");
        return before;
      },
      { replace: true },
    );
  }, [asked]);
  return (
    <WritingContext.Provider value={writing}>
      <section aria-label="E-mail">
        <Group justify="flex-end" mb={6}>
          {mayEdit && (
            <Group gap="xs" mr="auto">
              <Button size="compact-sm" leftSection={<IconPencil size={14} stroke={1.8} />} onClick={write}>
                Write
              </Button>
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                leftSection={<IconRepeat size={14} stroke={1.6} />}
                onClick={sequence.open}
              >
                Sequence
              </Button>
            </Group>
          )}
          <Button
            variant="subtle"
            color="gray"
            size="compact-xs"
            leftSection={<IconAt size={14} stroke={1.6} />}
            onClick={dialog.open}
          >
            Addresses
          </Button>
          {(query.data?.length ?? 0) > 0 && (
            <Button
              component="a"
              href={`/api/v2/boxes/${box.key}/mbox`}
              download
              variant="subtle"
              color="gray"
              size="compact-xs"
              leftSection={<IconDownload size={14} stroke={1.6} />}
            >
              Download
            </Button>
          )}
        </Group>
        <Suspense fallback={null}>
          {starting && <StartSequence pipeline={pipeline.key} boxes={[box.key]} onClose={sequence.close} />}
          {addresses && <BoxAddresses box={box} mayEdit={mayEdit} onClose={dialog.close} />}
        </Suspense>
        <div className={writingClasses.drafts}>
          <BoxRuns box={box.key} />
        </div>
        <Drafts />
        <Ready query={query} loading={<Loading rows={4} />}>
          {(threads) => {
            if (threads.length === 0) {
              return writing.drafts.length + writing.letters.filter(isOnItsWay).length > 0 ? null : (
                <Empty
                  icon={IconMail}
                  title="No e-mail yet"
                  action={
                    <Button component={Link} to="/mail/mailboxes" variant="default">
                      Connect a mailbox
                    </Button>
                  }
                >
                  Conversations with the people of this box appear here.
                </Empty>
              );
            }
            const latest = [...threads].sort((a, b) => b.lastEmailTimestamp - a.lastEmailTimestamp);
            // A single conversation is open at once.
            const open = named ?? (latest.length === 1 ? latest[0]?.key : null);
            const turn = (key: string) =>
              setSearch(
                (before) => {
                  before.set("thread", open === key ? "none" : key);
                  return before;
                },
                { replace: true },
              );
            return (
              <ul className={classes.conversations} aria-label="Conversations">
                {latest.map((thread) => (
                  <Conversation
                    key={thread.key}
                    thread={thread}
                    open={open === thread.key}
                    onToggle={() => turn(thread.key)}
                    mayEdit={may("THREAD")}
                  />
                ))}
              </ul>
            );
          }}
        </Ready>
      </section>
    </WritingContext.Provider>
  );
}
