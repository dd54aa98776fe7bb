import { ActionIcon, Menu, SegmentedControl } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsMaximize,
  IconChevronDown,
  IconChevronUp,
  IconDots,
  IconFileText,
  IconLink,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Box, knownBox } from "../api/boxes";
import { api, client } from "../api/client";
import { mayEdit } from "../api/rights";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Failed, Loading } from "../components/states";
import { failed, say } from "../components/toasts";
import { useRemembered } from "../home/recent";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import classes from "./Box.module.css";
import { Composer, WAYS } from "./Composer";
import { OpenBox, useOpenBox } from "./context";
import { Fields } from "./Fields";
import { Files } from "./Files";
import { Heading, Notes } from "./Heading";
import { History } from "./History";
import { Links } from "./Links";
import { People } from "./People";
import { Section } from "./Section";
import { Stepper } from "./Stepper";
import { useSiblings } from "./siblings";
import { Tasks } from "./Tasks";
import { Timeline } from "./Timeline";
import { useUploads } from "./uploads";
import { useDropped } from "./useDropped";

type BoxViewProps = {
  box: string;
  /** Closes the panel. Without it the box is on a page of its own. */
  onClose?: () => void;
};

/** A box with everything that belongs to it, in a panel or on a page of its own. */
export function BoxView({ box: key, onClose }: BoxViewProps) {
  const { box, pipeline, error, retry } = useBox(key);
  const me = useMe();
  if (error) {
    return (
      <Closable onClose={onClose}>
        <Failed error={error} retry={retry} />
      </Closable>
    );
  }
  if (!box || !pipeline) {
    return (
      <Closable onClose={onClose}>
        <Loading />
      </Closable>
    );
  }
  return (
    <OpenBox.Provider
      value={{
        box,
        pipeline,
        mayEdit: mayEdit(pipeline, me.key, box),
        may: (part) => mayEdit(pipeline, me.key, box, part),
      }}
    >
      <OpenBoxView onClose={onClose} />
    </OpenBox.Provider>
  );
}

function useBox(key: string) {
  const cache = useQueryClient();
  // What other loaded data knows of the box is shown until the response arrives. It is looked up once: when that data is
  // loaded again, the box stays open and what was begun in it stays.
  const known = useMemo(() => knownBox(key), [key]);
  const query = api.useQuery("get", "/v1/boxes/{box}", { params: { path: { box: key } } }, { placeholderData: known });
  const box = query.data as Box | undefined;
  const path = { path: { pipeline: box?.pipelineKey ?? "" } };
  const pipeline = api.useQuery("get", "/v2/pipelines/{pipeline}", { params: path }, { enabled: box !== undefined });
  const error = query.isError ? query.error : box && pipeline.isError ? pipeline.error : null;
  const retry = () => void cache.refetchQueries({ predicate: (query) => query.state.status === "error" });
  return { box, pipeline: pipeline.data, error, retry };
}

/** A box that is loading or failed to load can be closed too. */
function Closable({ onClose, children }: { onClose: (() => void) | undefined; children: ReactNode }) {
  useCommands(
    onClose
      ? [{ id: "box-close", label: "Close the box", section: "Box", keys: "Escape", hidden: true, run: onClose }]
      : [],
  );
  return (
    <div className={classes.view}>
      <header className={classes.bar}>{onClose && <CloseButton onClose={onClose} />}</header>
      {children}
    </div>
  );
}

function CloseButton({ onClose }: { onClose: () => void }) {
  return (
    <ActionIcon aria-label="Close the box" ml="auto" onClick={onClose}>
      <IconX size={18} stroke={1.6} />
    </ActionIcon>
  );
}

const TABS = ["timeline", "email", "history"] as const;
const BoxMail = lazily(() => import("../mail/BoxMail"));

function OpenBoxView({ onClose }: { onClose: (() => void) | undefined }) {
  const { box, pipeline, may, mayEdit } = useOpenBox();
  useRemembered(useMe().key, { ...box, pipelineName: pipeline.name });
  const [search, setSearch] = useSearch();
  const tab = TABS.find((each) => each === search.get("tab")) ?? "timeline";
  const root = useRef<HTMLDivElement>(null);
  const ways = WAYS.filter((each) => may(each.part));
  const { upload } = useUploads(box.key);
  const dropping = useDropped(root, upload, may("FILE"));
  const turn = (to: string, write?: string) =>
    setSearch(
      (before) => {
        if (to === "timeline") before.delete("tab");
        else before.set("tab", to);
        before.delete("thread");
        before.delete("draft");
        if (write) before.set("write", write);
        return before;
      },
      { replace: true },
    );
  useCommands([
    ...(onClose
      ? [{ id: "box-close", label: "Close the box", section: "Box", keys: "Escape", hidden: true, run: onClose }]
      : []),
    { id: "box-email", label: "E-mail of the box", section: "Box", keys: "i", run: () => turn("email") },
    ...(mayEdit
      ? [
          {
            id: "box-write-email",
            label: "Write an e-mail",
            section: "Box",
            keys: "w",
            run: () => turn("email", "email"),
          },
        ]
      : []),
    { id: "box-history", label: "History of the box", section: "Box", keys: "h", run: () => turn("history") },
  ]);
  useEffect(() => {
    // The panel takes the focus, so that users of screen readers and of the Tab key start in it.
    if (onClose && !root.current?.contains(document.activeElement)) root.current?.focus({ preventScroll: true });
  }, [onClose]);
  return (
    <div className={classes.view} ref={root} tabIndex={-1} data-dropping={dropping || undefined}>
      <PanelHeader onClose={onClose} />
      <div className={classes.body}>
        <div className={classes.top}>
          <Heading />
          <Violations />
          <Stepper />
        </div>
        <div className={classes.columns}>
          <div className={classes.details}>
            <Section title="Details">
              <People />
              <Fields />
            </Section>
            <Section title="Notes">
              <div className={classes.notes}>
                <Notes />
              </div>
            </Section>
            <Section title="Related">
              <Links />
            </Section>
            <Tasks />
            <Files />
          </div>
          <div className={classes.activity}>
            {ways.length > 0 && <Composer ways={ways} />}
            <SegmentedControl
              size="xs"
              aria-label="What happened"
              value={tab}
              onChange={(to) => turn(to)}
              data={[
                { value: "timeline", label: "Timeline" },
                { value: "email", label: box.gmailThreadCount ? `E-mail ${box.gmailThreadCount}` : "E-mail" },
                { value: "history", label: "History" },
              ]}
            />
            {tab === "timeline" && <Timeline />}
            {tab === "email" && (
              <Suspense fallback={<Loading rows={4} />}>
                <BoxMail />
              </Suspense>
            )}
            {tab === "history" && <History />}
          </div>
        </div>
      </div>
      {dropping && <div className="drop-here">Drop to keep it with {box.name || pipeline.name}</div>}
    </div>
  );
}

function PanelHeader({ onClose }: { onClose: (() => void) | undefined }) {
  const { box, pipeline, mayEdit } = useOpenBox();
  const navigate = useNavigate();
  const { previous, next } = useSiblings(box.key);
  const [, setSearch] = useSearch();
  const open = (key: string | undefined) => {
    if (!key) return;
    if (!onClose) return void navigate(`/boxes/${key}`);
    setSearch((before) => new URLSearchParams([...[...before].filter(([name]) => name !== "box"), ["box", key]]));
  };
  useCommands([
    { id: "box-next", label: "Next box", section: "Box", keys: "j", hidden: true, run: () => open(next) },
    { id: "box-previous", label: "Previous box", section: "Box", keys: "k", hidden: true, run: () => open(previous) },
  ]);
  const [deleting, setDeleting] = useState(false);
  const remove = async () => {
    setDeleting(true);
    try {
      const { response } = await client.DELETE("/v1/boxes/{box}", { params: { path: { box: box.key } } });
      if (onClose) onClose();
      else void navigate(`/pipelines/${pipeline.key}`);
      offerUndo(`${box.name} deleted`, response);
    } catch (error) {
      failed(error);
      setDeleting(false);
    }
  };
  const copy = (text: string, says: string) =>
    navigator.clipboard.writeText(text).then(
      () => say(says),
      () => failed("This browser does not let pages copy"),
    );
  return (
    <header className={classes.bar}>
      <Link className={`cut ${classes.crumb}`} to={`/pipelines/${pipeline.key}`}>
        {pipeline.name}
      </Link>
      <div className={classes.tools}>
        {(previous || next) && (
          <>
            <ActionIcon aria-label="Previous box (K)" disabled={!previous} onClick={() => open(previous)}>
              <IconChevronUp size={18} stroke={1.6} />
            </ActionIcon>
            <ActionIcon aria-label="Next box (J)" disabled={!next} onClick={() => open(next)}>
              <IconChevronDown size={18} stroke={1.6} />
            </ActionIcon>
          </>
        )}
        <CopyAsCode call={{ method: "GET", path: `/v1/boxes/${box.key}` }} />
        {onClose && (
          <ActionIcon component={Link} to={`/boxes/${box.key}`} aria-label="Open as a page">
            <IconArrowsMaximize size={16} stroke={1.6} />
          </ActionIcon>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More about this box" loading={deleting}>
              <IconDots size={18} stroke={1.6} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconLink size={15} stroke={1.6} />}
              onClick={() => void copy(`${location.origin}/boxes/${box.key}`, "Link copied")}
            >
              Copy the link
            </Menu.Item>
            <Menu.Item
              component="a"
              href={`/api/v1/boxes/${box.key}/md`}
              target="_blank"
              leftSection={<IconFileText size={15} stroke={1.6} />}
            >
              Read as one document
            </Menu.Item>
            {mayEdit && (
              <Menu.Item color="red" leftSection={<IconTrash size={15} stroke={1.6} />} onClick={() => void remove()}>
                Delete
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
        {onClose && <CloseButton onClose={onClose} />}
      </div>
    </header>
  );
}

/** The validation rules that the box breaks. */
function Violations() {
  const { box } = useOpenBox();
  if (box.violations.length === 0) return null;
  return (
    <div className={classes.broken} role="alert">
      <IconAlertTriangle size={16} stroke={1.8} />
      <ul className={classes.violations}>
        {box.violations.map((each) => (
          <li key={each.key}>
            {each.message}
            {each.mode === "REJECT" && " Nothing else can be changed until it is mended."}
          </li>
        ))}
      </ul>
    </div>
  );
}
