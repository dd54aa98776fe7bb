import { ActionIcon, Notification } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCloudOff, IconMenu2, IconSearch } from "@tabler/icons-react";
import { useIsMutating } from "@tanstack/react-query";
import { Suspense, useEffect, useState } from "react";
import { Outlet, useLocation, useNavigate, useNavigation } from "react-router";
import { EDITS } from "../api/boxes";
import { useReachable } from "../api/connection";
import { follow } from "../api/live";
import { queries } from "../api/queries";
import { load, signOut, useMe, useSession } from "../api/session";
import { redoNewest, undoNewest } from "../api/undo";
import { pressed, useCommands } from "../commands/registry";
import { typedAhead } from "../commands/typedAhead";
import { Crash } from "../components/Crash";
import { Failed } from "../components/states";
import { failed } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import { BellLink } from "../notifications/Bell";
import { PANEL, SCREENS } from "../screens";
import classes from "./Shell.module.css";
import { Sidebar } from "./Sidebar";
import { SignIn } from "./SignIn";
import { useTheme } from "./useTheme";

const loadPalette = () => import("../commands/Palette");
const Palette = lazily(loadPalette);
const SignInAgain = lazily(() => import("./SignInAgain"));
const NewPipeline = lazily(() => import("./NewPipeline"));
const Shortcuts = lazily(() => import("../commands/Shortcuts").then((module) => ({ default: module.Shortcuts })));
const Panel = lazily(PANEL);

/**
 * What surrounds every screen. A visitor who is not signed in signs in here and then sees the screen of this address.
 */
export function Shell() {
  const session = useSession();
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    load().catch(setError);
  }, []);
  if (session.state === "out") return <SignIn />;
  if (session.state !== "unknown") return <SignedIn expired={session.state === "expired"} />;
  return error === null ? null : <Failed error={error} retry={() => load().then(() => setError(null), setError)} />;
}

function SignedIn({ expired }: { expired: boolean }) {
  const [palette, setPalette] = useDisclosure(false, {
    onOpen: typedAhead.start,
    onClose: () => void typedAhead.take(),
  });
  const [shortcuts, setShortcuts] = useDisclosure(false);
  const [creating, setCreating] = useDisclosure(false);
  const [sidebar, setSidebar] = useDisclosure(false);
  const [hidden, setHidden] = useState(false);
  const location = useLocation();
  const loading = useNavigation().state !== "idle";
  const theme = useTheme();
  const me = useMe();

  useEffect(() => {
    const idle = window.setTimeout(() => void loadPalette().catch(() => {}), 3000);
    return () => window.clearTimeout(idle);
  }, []);
  useEffect(() => {
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    void follow(stop.signal, me.key);
    return () => stop.abort();
  }, [me.key]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: closes the sidebar after each navigation
  useEffect(() => setSidebar.close(), [location.pathname]);

  const navigate = useNavigate();
  useCommands([
    { id: "palette", label: "Find anything", section: "Everywhere", keys: "mod+k", hidden: true, run: setPalette.open },
    {
      id: "undo",
      label: "Undo your last change",
      section: "Everywhere",
      keys: "mod+z",
      outsideText: true,
      run: () => void undoNewest().catch(failed),
    },
    {
      id: "redo",
      label: "Redo",
      section: "Everywhere",
      keys: "mod+Shift+Z",
      outsideText: true,
      run: () => void redoNewest().catch(failed),
    },
    { id: "shortcuts", label: "Keyboard shortcuts", section: "Everywhere", keys: "?", run: setShortcuts.open },
    {
      id: "new-pipeline",
      label: "New pipeline",
      section: "Everywhere",
      keys: "n p",
      words: "create template",
      run: setCreating.open,
    },
    {
      id: "sidebar",
      label: "Show or hide the sidebar",
      section: "Everywhere",
      keys: "[",
      run: () => setHidden((before) => !before),
    },
    ...theme.commands,
    ...SCREENS.flatMap(({ path, nav, found = nav }) =>
      found
        ? [
            {
              ...found,
              id: `go ${path}`,
              label: `Go to ${found.label}`,
              section: "Go to",
              run: () => void navigate(path),
            },
          ]
        : [],
    ),
    { id: "reference", label: "API reference", section: "Go to", words: "docs openapi", run: () => void open("/docs") },
    { id: "sign-out", label: "Sign out", section: "Everywhere", run: () => void signOut().catch(failed) },
  ]);

  return (
    <div className={classes.shell} data-hidden={hidden || undefined} data-open={sidebar || undefined}>
      <a className={classes.skip} href="#screen">
        Skip to the content
      </a>
      <header className={classes.header}>
        <ActionIcon aria-label="Sidebar" aria-expanded={sidebar} onClick={setSidebar.toggle}>
          <IconMenu2 size={20} stroke={1.6} />
        </ActionIcon>
        <strong>Boxwood</strong>
        <span className={classes.headerTools}>
          <BellLink />
          <ActionIcon aria-label="Find anything" onClick={setPalette.open}>
            <IconSearch size={18} stroke={1.6} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.shade} onClick={setSidebar.close} aria-hidden="true" />
      <aside className={classes.sidebar} aria-label="Sidebar">
        <Sidebar onSearch={setPalette.open} onNewPipeline={setCreating.open} onClose={setSidebar.close} />
      </aside>
      <main id="screen" className={classes.main} tabIndex={-1}>
        {loading && <div className={classes.progress} />}
        <Crash key={location.pathname}>
          <Outlet />
        </Crash>
        <BoxPanel />
      </main>
      <Unreachable />
      <Suspense fallback={null}>
        {palette && <Palette opened onClose={setPalette.close} />}
        {shortcuts && <Shortcuts opened onClose={setShortcuts.close} />}
        {creating && <NewPipeline onClose={setCreating.close} />}
        {expired && <SignInAgain />}
      </Suspense>
    </div>
  );
}

/** Draws the box that the address names, beside the screen. */
function BoxPanel() {
  const [search, setSearch] = useSearch();
  const box = search.get("box");
  if (!box) return null;
  const close = () =>
    setSearch((before) => {
      before.delete("box");
      return before;
    });
  return (
    <Suspense fallback={null}>
      <Crash key={box}>
        <Panel box={box} onClose={close} />
      </Crash>
    </Suspense>
  );
}

function Unreachable() {
  const reachable = useReachable();
  const [wasReachable, setWasReachable] = useState(true);
  useEffect(() => {
    // Reloads what changed while the server could not be reached.
    if (reachable && !wasReachable) void queries.invalidateQueries();
    setWasReachable(reachable);
  }, [reachable, wasReachable]);
  const waiting = useIsMutating({ mutationKey: EDITS });
  const unsent = !reachable && waiting > 0;
  useEffect(() => {
    if (!unsent) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unsent]);
  if (reachable) return null;
  return (
    <div className={classes.unreachable} role="alert">
      <Notification
        icon={<IconCloudOff size={16} />}
        color="orange"
        withCloseButton={false}
        title="The server cannot be reached"
      >
        What you see may be old.{" "}
        {waiting > 0
          ? `${waiting === 1 ? "One change waits" : `${waiting} changes wait`} and will be sent when it is back.`
          : "Changes of boxes wait until it is back, others are refused."}{" "}
        Trying again …
      </Notification>
    </div>
  );
}
