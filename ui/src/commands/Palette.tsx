import "@mantine/spotlight/styles.css";
import { Group, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import {
  IconBuilding,
  IconCheckbox,
  IconChevronRight,
  IconId,
  IconLayoutKanban,
  IconMail,
  IconMessage,
  IconNotes,
  IconPaperclip,
  IconSearch,
} from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import { NOUNS, type Noun, pathOf, telling, whereIs } from "../api/matches";
import { WITH_COUNTS } from "../api/pipelines";
import type { MatchOut } from "../api/schema";
import { Snippet } from "../components/Snippet";
import { useAllCommands } from "./registry";
import { Keys } from "./Shortcuts";
import { typedAhead } from "./typedAhead";

const [store, spotlight] = createSpotlight();
const MOST = 6;

const ICONS: Record<Noun, typeof IconId> = {
  box: IconChevronRight,
  contact: IconId,
  organization: IconBuilding,
  task: IconCheckbox,
  message: IconMail,
  comment: IconMessage,
  meeting: IconNotes,
  file: IconPaperclip,
};

/** A thing that was found: its name, where it is, and the text that matches. */
function Found({ match, pipeline }: { match: MatchOut; pipeline: string | undefined }) {
  const Icon = ICONS[match.noun as Noun];
  const place = telling(match);
  const box = match.noun === "box" ? "" : (match.boxName ?? "");
  return (
    <Group gap="sm" wrap="nowrap" w="100%" miw={0}>
      <Icon size={16} style={{ flex: "none", opacity: 0.7 }} />
      <div style={{ minWidth: 0 }}>
        <div className="cut">{["comment", "meeting"].includes(match.noun) ? box : match.name}</div>
        <Text size="xs" className="quiet cut">
          {[["comment", "meeting"].includes(match.noun) ? "" : box, pipeline, match.address].filter(Boolean).join(", ")}
          {place && (box || pipeline || match.address) ? " · " : ""}
          {place && whereIs(place) && `${whereIs(place)}: `}
          {place && <Snippet snippet={place} />}
        </Text>
      </div>
    </Group>
  );
}

/** Command palette: finds pipelines, boxes and everything in them, contacts and organizations, and runs commands. */
export default function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const [settled] = useDebouncedValue(query.trim(), 120);
  const commands = useAllCommands().filter((each) => !each.hidden);
  const pipelines = api.useQuery("get", "/v2/pipelines", WITH_COUNTS);
  const found = api.useQuery(
    "get",
    "/v2/search/matches",
    { params: { query: { query: settled, limit: MOST } } },
    {
      enabled: opened && settled.length > 0,
      placeholderData: keepPreviousData,
      staleTime: 10_000,
      meta: { live: true },
    },
  );
  useEffect(() => {
    if (opened) spotlight.open();
  }, [opened]);

  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const go = (to: string) => () => void navigate(to);
  const results = query.trim() ? found.data?.results : undefined;
  // Until the results for the typed words arrive, the previous results that still match are shown.
  const late = query.trim() !== "" && (found.isPending || found.isPlaceholderData || settled !== query.trim());
  const matches = (results ?? []).filter((each) => !late || fits(`${each.name} ${telling(each)?.text ?? ""}`));
  const named = (pipelines.data?.results ?? []).filter((each) => fits(each.name)).slice(0, MOST);
  const pipelineName = new Map(pipelines.data?.results.map((each) => [each.key, each.name]));
  const shownCommands = commands.filter(
    (each) => (query.trim() !== "" || !each.searched) && fits(`${each.label} ${each.section} ${each.words ?? ""}`),
  );

  // Enter opens the first hit. Results arrive after the query has changed, so the first line is selected again then.
  const lines = [...named, ...matches].map((each) => each.key).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the lines of the list change
  useLayoutEffect(() => {
    store.updateState((state) => ({ ...state, selected: 0 }));
    const list = document.getElementById(store.getState().listId);
    list?.querySelector("[data-selected]")?.removeAttribute("data-selected");
    list?.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  }, [lines, shownCommands.length, late]);
  // Enter that is pressed before the results arrive waits for them.
  const entered = useRef(false);
  useEffect(() => {
    if (late || !entered.current) return;
    entered.current = false;
    document.getElementById(store.getState().listId)?.querySelector<HTMLElement>("[data-selected]")?.click();
  }, [late]);
  const onKeyDownCapture = (event: KeyboardEvent) => {
    if (event.key === "Enter" && late && !found.isError) {
      entered.current = true;
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key.length === 1 || event.key.startsWith("Arrow")) entered.current = false;
  };

  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={onClose}
      shortcut={null}
      scrollable
      maxHeight={440}
    >
      <Spotlight.Search
        onKeyDownCapture={onKeyDownCapture}
        onFocus={() => {
          const { text, enter } = typedAhead.take();
          if (text) setQuery((before) => before + text);
          entered.current = enter && text.trim() !== "";
        }}
        placeholder="Find a box, contact or pipeline, or do something …"
        leftSection={<IconSearch size={18} stroke={1.6} />}
      />
      <Spotlight.ActionsList>
        {named.length > 0 && (
          <Spotlight.ActionsGroup label="Pipelines">
            {named.map((each) => (
              <Spotlight.Action
                key={each.key}
                label={each.name}
                leftSection={<IconLayoutKanban size={16} />}
                onClick={go(`/pipelines/${each.key}`)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {(Object.keys(NOUNS) as Noun[]).map((noun) => {
          const ofNoun = matches.filter((each) => each.noun === noun);
          if (ofNoun.length === 0) return null;
          const facet = found.data?.facets.find((each) => each.noun === noun);
          const more = facet && facet.count > ofNoun.length ? ` (${facet.count}${facet.more ? "+" : ""})` : "";
          return (
            <Spotlight.ActionsGroup key={noun} label={`${NOUNS[noun]}${more}`}>
              {ofNoun.map((each) => (
                <Spotlight.Action key={each.key} aria-label={each.name} onClick={go(pathOf(each))}>
                  <Found match={each} pipeline={pipelineName.get(each.pipelineKey ?? "")} />
                </Spotlight.Action>
              ))}
            </Spotlight.ActionsGroup>
          );
        })}
        <Spotlight.ActionsGroup label="Actions">
          {shownCommands.map((each) => (
            <Spotlight.Action
              key={each.id}
              label={each.label}
              rightSection={each.keys ? <Keys keys={each.keys} /> : undefined}
              onClick={() => each.run()}
            />
          ))}
        </Spotlight.ActionsGroup>
        {query.trim() && (
          <Spotlight.ActionsGroup label="Search">
            <Spotlight.Action
              label={`Everything found by “${query.trim()}”`}
              leftSection={<IconSearch size={16} />}
              onClick={go(`/search?q=${encodeURIComponent(query.trim())}`)}
            />
          </Spotlight.ActionsGroup>
        )}
        {!late && results && matches.length + named.length === 0 && (
          <Text size="sm" className="quiet" p="sm">
            Nothing is found by “{settled}”.
          </Text>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
