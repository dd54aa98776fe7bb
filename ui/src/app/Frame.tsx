import { ActionIcon, Group, Text } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { NavLink, Outlet, useLocation, useNavigate, useParams, useSearchParams } from "react-router";
import { api } from "../api/client";
import { usePreferences } from "../api/preferences";
import { useCommands } from "../commands/registry";
import { Failed, Loading } from "../components/states";
import { SCREENS } from "../screens";
import classes from "./Frame.module.css";
import { PipelineContext } from "./pipeline";
import { useTables } from "./useTables";

/** The frame of every screen of a pipeline: the pipeline's name and the tabs. */
export function Frame() {
  const { pipeline: key = "" } = useParams();
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}", { params: { path: { pipeline: key } } });
  const { starred, star } = usePreferences();
  const navigate = useNavigate();
  const tables = useTables(key);
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const boxes = [`/pipelines/${key}`, `/pipelines/${key}/board`];
  /** Keeps the view and the filter when the user switches between table and board. */
  const keptSearch = (path: string) => {
    if (!boxes.includes(path) || !boxes.includes(pathname)) return "";
    const kept = [...search].filter(([name]) => name === "view" || name === "filter");
    return kept.length > 0 ? `?${new URLSearchParams(kept)}` : "";
  };
  const name = query.data?.name;
  const tabs = SCREENS.flatMap(({ path, tab }) => (tab ? [{ ...tab, path: path.replace(":pipeline", key) }] : []));
  useCommands(
    tabs.map(({ label, path }) => ({
      id: `go ${path}`,
      label: name ? `${label} of ${name}` : label,
      section: "This pipeline",
      run: () => void navigate(path),
    })),
  );
  if (query.isError && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  const isStarred = starred.includes(key);
  return (
    <PipelineContext.Provider value={query.data}>
      <div className={classes.frame} {...tables.handlers}>
        <header className={classes.head}>
          <Group gap={4} wrap="nowrap" miw={0}>
            <h1 className={`${classes.name} cut`} title={query.data.description || undefined}>
              {query.data.name}
            </h1>
            <ActionIcon
              size="sm"
              aria-label={isStarred ? "Take the star off this pipeline" : "Star this pipeline"}
              aria-pressed={isStarred}
              onClick={() => star(key, !isStarred)}
            >
              {isStarred ? <IconStarFilled size={15} color="#e6a700" /> : <IconStar size={15} stroke={1.6} />}
            </ActionIcon>
          </Group>
          <nav aria-label="Views of the pipeline" className={classes.tabs}>
            {tabs.map(({ path, label, icon: Icon }) => (
              <NavLink key={path} end to={path + keptSearch(path)} className={classes.tab ?? ""}>
                <Icon size={16} stroke={1.6} />
                <Text span size="sm">
                  {label}
                </Text>
              </NavLink>
            ))}
          </nav>
        </header>
        <div className={classes.body}>
          {/* The key resets the screen when another pipeline is opened. */}
          <Outlet key={key} />
        </div>
        {tables.over && <div className="drop-here">Drop a table to import it into {query.data.name}</div>}
      </div>
    </PipelineContext.Provider>
  );
}
