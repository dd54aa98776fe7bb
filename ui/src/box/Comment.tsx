import { ActionIcon, Button, Group, Menu, Popover, Text, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconDots, IconMoodPlus, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { CommentOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { Moment } from "../components/Moment";
import { Face, nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import classes from "./Comment.module.css";
import { useOpenBox } from "./context";
import { useDraft } from "./drafts";
import { MessageInput } from "./MessageInput";
import { Words } from "./Words";

const EMOJI = ["👍", "❤️", "🎉", "😄", "👀", "✅", "🙏", "🚀", "🤔", "😢", "👎", "💯"];

export const refreshTimeline = () => queries.invalidateQueries({ queryKey: ["get", "/v2/boxes/{box}/timeline"] });

/** A comment with its reactions and replies. */
export function Comment({ comment, replies }: { comment: CommentOut; replies: readonly CommentOut[] }) {
  const [replying, setReplying] = useState(false);
  return (
    <div>
      <CommentBody comment={comment} onReply={() => setReplying(true)} />
      {(replies.length > 0 || replying) && (
        <div className={classes.replies}>
          {replies.map((each) => (
            <CommentBody key={each.key} comment={each} onReply={() => setReplying(true)} />
          ))}
          {replying && <Reply parent={comment.key} onDone={() => setReplying(false)} />}
        </div>
      )}
    </div>
  );
}

function CommentBody({ comment, onReply }: { comment: CommentOut; onReply: () => void }) {
  const { pipeline, may } = useOpenBox();
  const mayEdit = may("COMMENT");
  const me = useMe();
  const people = usePeople(pipeline.teamKey, pipeline.aclEntries);
  const author = people.get(comment.creatorKey);
  const [editing, setEditing] = useState(false);
  const [words, setWords] = useState(comment.message);
  const save = useMutation({
    mutationFn: (message: string) =>
      client.POST("/v2/comments/{comment}", {
        params: { path: { comment: comment.key } },
        body: { message, searchForAtMentions: true },
      }),
    onSuccess: async ({ response }) => {
      await refreshTimeline();
      setEditing(false);
      offerUndo("Comment changed", response);
    },
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/comments/{comment}", { params: { path: { comment: comment.key } } }),
    onSuccess: ({ response }) => {
      void refreshTimeline();
      offerUndo("Comment deleted", response);
    },
  });
  const react = useMutation({
    mutationFn: ({ emoji, on }: { emoji: string; on: boolean }) => {
      const init = { params: { path: { comment: comment.key } }, body: { emoji } };
      return on
        ? client.POST("/v2/comments/{comment}/react", init)
        : client.POST("/v2/comments/{comment}/unreact", init);
    },
    onSuccess: () => void refreshTimeline(),
  });
  const reacted = (emoji: string) =>
    comment.reactionSummary.some((each) => each.emoji === emoji && each.users.some((user) => user.userKey === me.key));
  const mine = comment.creatorKey === me.key;
  return (
    <article className={classes.said} aria-label={`Comment by ${author ? nameOf(author) : "somebody"}`}>
      <Face person={author ?? { email: "?" }} size={26} />
      <div className={classes.saidBody}>
        <Group gap={6} className={classes.saidHead ?? ""}>
          <strong>{author ? nameOf(author) : "Somebody"}</strong>
          <Text span size="xs" className="quiet">
            <Moment at={comment.timestamp} />
          </Text>
          {mayEdit && (
            <Group gap={2} ml="auto" className={classes.saidActions ?? ""}>
              <EmojiMenu onPick={(emoji) => react.mutate({ emoji, on: !reacted(emoji) })} />
              <ActionIcon size="sm" aria-label="Reply" onClick={onReply}>
                <IconArrowBackUp size={15} stroke={1.6} />
              </ActionIcon>
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon size="sm" aria-label="More about this comment">
                    <IconDots size={15} stroke={1.6} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  {mine && (
                    <Menu.Item
                      leftSection={<IconPencil size={15} stroke={1.6} />}
                      onClick={() => {
                        setWords(comment.message);
                        setEditing(true);
                      }}
                    >
                      Edit
                    </Menu.Item>
                  )}
                  <Menu.Item
                    color="red"
                    leftSection={<IconTrash size={15} stroke={1.6} />}
                    onClick={() => remove.mutate()}
                  >
                    Delete
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </Group>
          )}
        </Group>
        {editing ? (
          <>
            <MessageInput
              autoFocus
              label="Comment"
              placeholder=""
              value={words}
              onChange={setWords}
              onSend={() => save.mutate(words)}
              onCancel={() => setEditing(false)}
            />
            <Group gap="xs" mt={6}>
              <Button size="compact-sm" loading={save.isPending} onClick={() => save.mutate(words)}>
                Save
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => setEditing(false)}>
                Cancel
              </Button>
            </Group>
          </>
        ) : (
          <Words text={comment.message} mentions={comment.mentions} me={me.key} />
        )}
        {comment.reactionSummary.length > 0 && (
          <Group gap={4} mt={4}>
            {comment.reactionSummary.map(({ emoji, count, users }) => (
              <Tooltip key={emoji} label={users.map(nameOf).join(", ")}>
                <button
                  type="button"
                  className={classes.reaction}
                  aria-pressed={reacted(emoji)}
                  aria-label={`${emoji} ${count}`}
                  disabled={!mayEdit}
                  onClick={() => react.mutate({ emoji, on: !reacted(emoji) })}
                >
                  {emoji} <span className="numbers">{count}</span>
                </button>
              </Tooltip>
            ))}
          </Group>
        )}
      </div>
    </article>
  );
}

function EmojiMenu({ onPick }: { onPick: (emoji: string) => void }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon size="sm" aria-label="React" onClick={() => setOpened((was) => !was)}>
          <IconMoodPlus size={15} stroke={1.6} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={6} className={classes.emoji ?? ""}>
        {EMOJI.map((each) => (
          <ActionIcon
            key={each}
            aria-label={each}
            onClick={() => {
              setOpened(false);
              onPick(each);
            }}
          >
            {each}
          </ActionIcon>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}

function Reply({ parent, onDone }: { parent: string; onDone: () => void }) {
  const { box } = useOpenBox();
  const [words, setWords] = useDraft(`reply ${parent}`);
  const send = useMutation({
    mutationFn: (message: string) =>
      client.POST("/v2/boxes/{box}/comments", {
        params: { path: { box: box.key } },
        body: { message, parent, searchForAtMentions: true },
      }),
    onSuccess: async () => {
      setWords("");
      await refreshTimeline();
      onDone();
    },
  });
  const ready = words.trim() !== "" && !send.isPending;
  return (
    <div>
      <MessageInput
        autoFocus
        label="Reply"
        placeholder="Reply …"
        value={words}
        onChange={setWords}
        onSend={() => ready && send.mutate(words.trim())}
        onCancel={onDone}
      />
      <Group gap="xs" mt={6}>
        <Button size="compact-sm" loading={send.isPending} disabled={!ready} onClick={() => send.mutate(words.trim())}>
          Reply
        </Button>
        <Button size="compact-sm" variant="default" onClick={onDone}>
          Cancel
        </Button>
      </Group>
    </div>
  );
}
