import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconCalendarTime, IconChevronDown, IconSend } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { exact } from "../lib/dates";
import { readSendTime, sendTimes, timeInWords, zoneName } from "./sendTimes";
import classes from "./writing.module.css";

type SendButtonProps = { busy: boolean; onSend: (at?: number) => void };

/** Sends now, or at a time that the user chooses. */
export function SendButton({ busy, onSend }: SendButtonProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Group gap={1} wrap="nowrap">
        <Button
          className={classes.send ?? ""}
          leftSection={<IconSend size={14} stroke={1.8} />}
          loading={busy}
          onClick={() => onSend()}
        >
          Send
        </Button>
        <Menu position="top-end" withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <ActionIcon
              className={classes.sendLater ?? ""}
              variant="filled"
              color="boxwood"
              size={30}
              disabled={busy}
              aria-label="Send later"
            >
              <IconChevronDown size={15} stroke={2} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>Send later</Menu.Label>
            {sendTimes(Date.now()).map(({ label, at }) => (
              <Menu.Item
                key={label}
                rightSection={
                  <Text span size="xs" className="quiet">
                    {timeInWords(at)}
                  </Text>
                }
                onClick={() => onSend(at)}
              >
                {label}
              </Menu.Item>
            ))}
            <Menu.Item leftSection={<IconCalendarTime size={15} stroke={1.6} />} onClick={() => setAsking(true)}>
              Choose a time
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {asking && (
        <AskTime
          onClose={() => setAsking(false)}
          onChoose={(at) => {
            setAsking(false);
            onSend(at);
          }}
        />
      )}
    </>
  );
}

/** Asks for a date and a time in words. */
export function AskTime({ onClose, onChoose }: { onClose: () => void; onChoose: (at: number) => void }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    let current = true;
    void readSendTime(words, Date.now()).then((found) => current && setAt(found));
    return () => {
      current = false;
    };
  }, [words]);
  const wrong = words.trim() !== "" && at === null;
  return (
    <Modal opened onClose={onClose} title="Send later" size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (at !== null) onChoose(at);
        }}
      >
        <Stack>
          <TextInput
            label="When"
            placeholder="friday at 9:30, in 3 days, 24.12. 10:00"
            data-autofocus
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            error={wrong ? "That is no time in the future" : null}
            description={at === null ? `In your time zone, ${zoneName()}` : `${exact(at)} (${zoneName()})`}
            inputWrapperOrder={["label", "input", "description", "error"]}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={at === null}>
              Send later
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
