import { ActionIcon, Kbd, UnstyledButton } from "@mantine/core";
import { IconDots, IconPlus, IconSearch, IconStarFilled } from "@tabler/icons-react";
import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { NavLink } from "react-router";
import { api } from "../api/client";
import { WITH_COUNTS } from "../api/pipelines";
import { usePreferences } from "../api/preferences";
import type { PipelineOut } from "../api/schema";
import { useMe } from "../api/session";
import { Face, nameOf } from "../components/People";
import { lazily } from "../lib/lazily";
import { Bell } from "../notifications/Bell";
import { SCREENS } from "../screens";
import { inOrder, moved } from "./order";
import classes from "./Sidebar.module.css";

const AccountMenu = lazily(() => import("./SidebarMenus").then((module) => ({ default: module.AccountMenu })));
const PipelineMenu = lazily(() => import("./SidebarMenus").then((module) => ({ default: module.PipelineMenu })));

type SidebarProps = { onSearch: () => void; onNewPipeline: () => void; onClose: () => void };

export function Sidebar({ onSearch, onNewPipeline, onClose }: SidebarProps) {
  return (
    <>
      <div className={classes.top}>
        <NavLink to="/" className={classes.brand ?? ""} onClick={onClose}>
          <Mark />
          Boxwood
        </NavLink>
        <UnstyledButton className={classes.search} onClick={onSearch}>
          <IconSearch size={15} stroke={1.8} />
          <span>Find anything</span>
          <Kbd size="xs">{/Mac|iP/.test(navigator.userAgent) ? "⌘" : "Ctrl"} K</Kbd>
        </UnstyledButton>
        <Bell className={classes.bell} onOpen={onClose} />
        <nav aria-label="Main">
          {SCREENS.filter((each) => each.nav).map((each) => (
            <NavLink key={each.path} to={each.path} end className={classes.line ?? ""} onClick={onClose}>
              {each.nav && <each.nav.icon size={17} stroke={1.6} />}
              <span className="cut">{each.nav?.label}</span>
            </NavLink>
          ))}
        </nav>
      </div>
      <div className={classes.heading}>
        <h2>Pipelines</h2>
        <ActionIcon size="sm" aria-label="New pipeline" onClick={onNewPipeline}>
          <IconPlus size={15} />
        </ActionIcon>
      </div>
      <div className={classes.pipelines}>
        <Pipelines onClose={onClose} onNewPipeline={onNewPipeline} />
      </div>
      <Account />
    </>
  );
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#2d6a4f" />
      <path d="M8 9h16v4H8zM8 15h11v4H8zM8 21h6v4H8z" fill="#d8f3dc" />
    </svg>
  );
}

function Pipelines({ onClose, onNewPipeline }: { onClose: () => void; onNewPipeline: () => void }) {
  const query = api.useQuery("get", "/v2/pipelines", WITH_COUNTS);
  const { preferences, starred, star, set } = usePreferences();
  const all = inOrder(query.data?.results ?? [], preferences.pipelineOrder ?? [], starred);
  const place = (key: string, to: number) =>
    set({
      pipelineOrder: moved(
        all.map((each) => each.key),
        key,
        to,
      ),
    });
  if (query.data && all.length === 0) {
    return (
      <UnstyledButton className={classes.none} onClick={onNewPipeline}>
        None yet. Make the first from a template.
      </UnstyledButton>
    );
  }
  return (
    <nav aria-label="Pipelines">
      {all.map((each, at) => (
        <PipelineLine
          key={each.key}
          pipeline={each}
          starred={starred.includes(each.key)}
          onStar={(on) => star(each.key, on)}
          onDrop={(key, below) => place(key, at + (below ? 1 : 0))}
          onUp={at > 0 ? () => place(each.key, at - 1) : undefined}
          onDown={at < all.length - 1 ? () => place(each.key, at + 2) : undefined}
          onClose={onClose}
        />
      ))}
    </nav>
  );
}

type LineProps = {
  pipeline: PipelineOut;
  starred: boolean;
  onStar: (on: boolean) => void;
  onDrop: (key: string, below: boolean) => void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
  onClose: () => void;
};

function PipelineLine({ pipeline, starred, onStar, onDrop, onUp, onDown, onClose }: LineProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [edge, setEdge] = useState<"top" | "bottom" | null>(null);
  const drop = useRef(onDrop);
  useEffect(() => {
    drop.current = onDrop;
  });
  useEffect(() => {
    let undo: (() => void) | undefined;
    let unmounted = false;
    // Loaded after the first paint, so that the paint does not wait for it.
    void import("./sortable").then(({ sortable }) => {
      const onDropped = (key: string, below: boolean) => drop.current(key, below);
      if (ref.current && !unmounted) undo = sortable(ref.current, "pipeline", pipeline.key, setEdge, onDropped);
    });
    return () => {
      unmounted = true;
      undo?.();
    };
  }, [pipeline.key]);
  const first = pipeline.stages[pipeline.stageOrder[0] ?? ""];
  return (
    <div ref={ref} className={classes.pipeline} data-edge={edge ?? undefined}>
      <NavLink
        draggable={false}
        to={`/pipelines/${pipeline.key}`}
        className={classes.line ?? ""}
        onClick={onClose}
        title={pipeline.name}
      >
        <i className={classes.dot} style={{ background: first?.color.backgroundColor }} />
        <span className="cut">{pipeline.name}</span>
        {starred && <IconStarFilled size={11} className={classes.star ?? ""} aria-label="Starred" />}
        <span className={classes.count}>{pipeline.boxCount ?? ""}</span>
      </NavLink>
      <Opener label={`More about ${pipeline.name}`} className={classes.more}>
        {(onClose) => <PipelineMenu starred={starred} onStar={onStar} onUp={onUp} onDown={onDown} onClose={onClose} />}
      </Opener>
    </div>
  );
}

function Account() {
  const me = useMe();
  const [opened, setOpened] = useState(false);
  return (
    <div className={classes.menu}>
      <UnstyledButton
        className={classes.account}
        aria-haspopup="menu"
        aria-expanded={opened}
        onClick={() => setOpened(true)}
      >
        <Face person={{ ...me, userKey: me.key }} size={24} />
        <span className="cut">{nameOf(me)}</span>
      </UnstyledButton>
      {opened && (
        <Suspense fallback={null}>
          <AccountMenu onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </div>
  );
}

type OpenerProps = { label: string; className: string | undefined; children: (onClose: () => void) => ReactNode };

/** A button with dots. Its menu is loaded when it is first opened. */
function Opener({ label, className, children }: OpenerProps) {
  const [opened, setOpened] = useState(false);
  return (
    <div className={className} data-opened={opened || undefined}>
      <ActionIcon
        size="sm"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={opened}
        onClick={() => setOpened(true)}
      >
        <IconDots size={15} />
      </ActionIcon>
      {opened && <Suspense fallback={null}>{children(() => setOpened(false))}</Suspense>}
    </div>
  );
}
