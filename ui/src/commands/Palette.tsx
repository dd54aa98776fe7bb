import "@mantine/spotlight/styles.css";
import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconBuilding, IconChevronRight, IconId, IconLayoutKanban, IconSearch } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import { nameOfContact } from "../api/names";
import { WITH_COUNTS } from "../api/pipelines";
import { useAllCommands } from "./registry";
import { Keys } from "./Shortcuts";
import { typedAhead } from "./typedAhead";

const [store, spotlight] = createSpotlight();
const MOST = 6;

/** Command palette: finds boxes, contacts, organizations and pipelines, and runs commands. */
export default function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const [settled] = useDebouncedValue(query.trim(), 120);
  const commands = useAllCommands().filter((each) => !each.hidden);
  const pipelines = api.useQuery("get", "/v2/pipelines", WITH_COUNTS);
  const found = api.useQuery(
    "get",
    "/v1/search",
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
  const boxes = (results?.boxes ?? []).filter((each) => !late || fits(each.name));
  const contacts = (results?.contacts ?? []).filter(
    (each) => !late || fits(`${nameOfContact(each)} ${each.emailAddresses.join(" ")}`),
  );
  const organizations = (results?.orgs ?? []).filter((each) => !late || fits(`${each.name} ${each.domains.join(" ")}`));
  const named = (pipelines.data?.results ?? []).filter((each) => fits(each.name)).slice(0, MOST);
  const pipelineName = new Map(pipelines.data?.results.map((each) => [each.key, each.name]));
  const shownCommands = commands.filter(
    (each) => (query.trim() !== "" || !each.searched) && fits(`${each.label} ${each.section} ${each.words ?? ""}`),
  );

  // Enter opens the first hit. Results arrive after the query has changed, so the first line is selected again then.
  const lines =
    [...named, ...contacts, ...organizations].map((each) => each.key).join() + boxes.map((each) => each.boxKey).join();
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
        {boxes.length > 0 && (
          <Spotlight.ActionsGroup label="Boxes">
            {boxes.map((each) => (
              <Spotlight.Action
                key={each.boxKey}
                label={each.name}
                description={pipelineName.get(each.pipelineKey) ?? ""}
                leftSection={<IconChevronRight size={16} />}
                onClick={go(`/boxes/${each.boxKey}`)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {contacts.length > 0 && (
          <Spotlight.ActionsGroup label="Contacts">
            {contacts.map((each) => (
              <Spotlight.Action
                key={each.key}
                label={nameOfContact(each)}
                description={each.emailAddresses[0] ?? ""}
                leftSection={<IconId size={16} />}
                onClick={go(`/contacts/${each.key}`)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {organizations.length > 0 && (
          <Spotlight.ActionsGroup label="Organizations">
            {organizations.map((each) => (
              <Spotlight.Action
                key={each.key}
                label={each.name ?? each.domains[0] ?? "Organization"}
                leftSection={<IconBuilding size={16} />}
                onClick={go(`/organizations/${each.key}`)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
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
        {!late && results && boxes.length + contacts.length + organizations.length + named.length === 0 && (
          <Text size="sm" className="quiet" p="sm">
            Nothing is named like “{settled}”.
          </Text>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
