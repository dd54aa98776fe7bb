import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { Select } from "@mantine/core";
import { Link } from "react-router";
import { api } from "../api/client";
import type { PipelineOut } from "../api/schema";
import { LeftOut } from "../components/LeftOut";
import { Ready } from "../components/states";
import { formatted } from "../fields/numbers";
import { boxesOf } from "../lib/addresses";
import { lengthInWords } from "../lib/dates";
import { useSearch } from "../lib/search";
import { behind } from "./behind";
import { Card } from "./Card";
import classes from "./reports.module.css";

export type ChartProps = { pipeline: PipelineOut; span: { from?: number; to?: number } };

const percent = (share: number | null) => (share === null ? "" : `${Math.round(share * 1000) / 10} %`);
const HEIGHT = 220;

export function Funnel({ pipeline, span }: ChartProps) {
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/reports/funnel", {
    params: { path: { pipeline: pipeline.key }, query: span as never },
  });
  return (
    <Ready query={query}>
      {({ stages, total, won, lost, winRate }) => (
        <Card
          title="Funnel"
          rows={stages.map(({ name, reached, now, conversion, share }) => ({ name, reached, now, conversion, share }))}
          chart={
            <>
              <div className={classes.figures}>
                <span>
                  <b>{total}</b> boxes
                </span>
                <span>
                  <b>{won}</b> won
                </span>
                <span>
                  <b>{lost}</b> lost
                </span>
                <span>
                  <b>{percent(winRate) || "–"}</b> win rate
                </span>
              </div>
              <BarChart
                h={HEIGHT}
                data={stages.map(({ name, reached }) => ({ name, "Reached it": reached }))}
                dataKey="name"
                orientation="vertical"
                gridAxis="x"
                yAxisProps={{ width: 110 }}
                xAxisProps={{ allowDecimals: false }}
                series={[{ name: "Reached it", color: "boxwood.6" }]}
              />
            </>
          }
        >
          <table className={classes.numbers}>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Reached</th>
                <th scope="col">Of those before</th>
                <th scope="col">Of all</th>
                <th scope="col">In it now</th>
              </tr>
            </thead>
            <tbody>
              {stages.map((each) => (
                <tr key={each.stageKey}>
                  <td>{each.name}</td>
                  <td>{each.reached}</td>
                  <td>{percent(each.conversion)}</td>
                  <td>{percent(each.share)}</td>
                  <td>
                    <Link to={boxesOf(pipeline.key, [{ field: "stage", op: "in", value: [each.stageKey] }])}>
                      {each.now}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
    </Ready>
  );
}

const HOUR = 3_600_000;

export function TimeInStage({ pipeline, span }: ChartProps) {
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/reports/time-in-stage", {
    params: { path: { pipeline: pipeline.key }, query: span as never },
  });
  return (
    <Ready query={query}>
      {({ stages }) => (
        <Card
          title="Time in stage"
          rows={stages.map(({ name, boxes, now, averageMs, medianMs, longestMs }) => ({
            name,
            boxes,
            now,
            averageMs,
            medianMs,
            longestMs,
          }))}
          chart={
            <BarChart
              h={HEIGHT}
              data={stages.map(({ name, averageMs }) => ({
                name,
                "Days, on average": Math.round((averageMs ?? 0) / HOUR / 2.4) / 10,
              }))}
              dataKey="name"
              orientation="vertical"
              gridAxis="x"
              yAxisProps={{ width: 110 }}
              xAxisProps={{ allowDecimals: false }}
              series={[{ name: "Days, on average", color: "blue.6" }]}
            />
          }
        >
          <table className={classes.numbers}>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Average</th>
                <th scope="col">Half within</th>
                <th scope="col">Longest</th>
                <th scope="col">Boxes</th>
              </tr>
            </thead>
            <tbody>
              {stages.map((each) => (
                <tr key={each.stageKey}>
                  <td>{each.name}</td>
                  <td>{each.averageMs === null ? "" : lengthInWords(each.averageMs)}</td>
                  <td>{each.medianMs === null ? "" : lengthInWords(each.medianMs)}</td>
                  <td>{each.longestMs === null ? "" : lengthInWords(each.longestMs)}</td>
                  <td>{each.boxes}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
    </Ready>
  );
}

const INTERVALS = ["day", "week", "month", "quarter", "year"];

export function OverTime({ pipeline, span }: ChartProps) {
  const [search, setSearch] = useSearch();
  const interval = search.get("interval") ?? "month";
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/reports/over-time", {
    params: { path: { pipeline: pipeline.key }, query: { ...span, interval } as never },
  });
  const day = (at: number) => new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return (
    <Ready query={query}>
      {({ points }) => (
        <Card
          title="Over time"
          rows={points.map(({ from, to, created, won, lost }) => ({
            from: new Date(from).toISOString(),
            to: new Date(to).toISOString(),
            created,
            won,
            lost,
          }))}
          aside={
            <Select
              aria-label="Interval"
              w={110}
              size="xs"
              data={INTERVALS}
              value={interval}
              allowDeselect={false}
              onChange={(value) =>
                setSearch((before) => {
                  before.set("interval", value ?? "month");
                  return before;
                })
              }
            />
          }
          chart={
            <LineChart
              h={HEIGHT}
              withLegend
              withDots={points.length < 60}
              data={points.map(({ from, created, won, lost }) => ({
                from: day(from),
                Created: created,
                Won: won,
                Lost: lost,
              }))}
              dataKey="from"
              curveType="monotone"
              yAxisProps={{ allowDecimals: false }}
              series={[
                { name: "Created", color: "gray.6" },
                { name: "Won", color: "boxwood.6" },
                { name: "Lost", color: "red.6" },
              ]}
            />
          }
        />
      )}
    </Ready>
  );
}

export function Totals({ pipeline, span }: ChartProps) {
  const [search, setSearch] = useSearch();
  const by = search.get("by") ?? "stage";
  const summable = pipeline.fields.filter((each) => each.type === "TEXT_INPUT" || each.type === "FORMULA");
  const sum = search.get("sum") ?? "";
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/reports/totals", {
    params: { path: { pipeline: pipeline.key }, query: { ...span, by, ...(sum ? { sums: sum } : {}) } as never },
  });
  const put = (name: string, value: string | null) =>
    setSearch((before) => {
      if (value) before.set(name, value);
      else before.delete(name);
      return before;
    });
  const groupings = [
    { value: "stage", label: "By stage" },
    { value: "assignee", label: "By person" },
    { value: "creator", label: "By who made it" },
    ...pipeline.fields
      .filter((each) => ["DROPDOWN", "TAG", "CHECKBOX", "TEXT_INPUT", "FORMULA"].includes(each.type))
      .map((each) => ({ value: each.key, label: `By ${each.name}` })),
  ];
  const summedField = summable.find((each) => each.key === sum);
  const summed = summedField?.name ?? "Boxes";
  const shown = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : formatted(value, summedField?.displayFormat);
  return (
    <Ready query={query}>
      {({ groups }) => (
        <Card
          title="Totals"
          rows={groups.map((each) => ({
            name: each.name,
            boxes: each.count,
            ...(sum
              ? {
                  sum: each.sums[sum]?.sum ?? 0,
                  average: each.sums[sum]?.average ?? null,
                  leftOut: each.sums[sum]?.ignored ?? 0,
                }
              : {}),
          }))}
          aside={
            <>
              <Select
                aria-label="Grouped by"
                w={140}
                size="xs"
                data={groupings}
                value={by}
                allowDeselect={false}
                onChange={(value) => put("by", value === "stage" ? null : value)}
              />
              <Select
                aria-label="Summed"
                w={140}
                size="xs"
                clearable
                placeholder="Sum of …"
                data={summable.map((each) => ({ value: each.key, label: each.name }))}
                value={sum || null}
                onChange={(value) => put("sum", value)}
              />
            </>
          }
          chart={
            <BarChart
              h={HEIGHT}
              data={groups.slice(0, 12).map((each) => ({
                name: each.name || "None",
                [summed]: sum ? (each.sums[sum]?.sum ?? 0) : each.count,
              }))}
              dataKey="name"
              orientation="vertical"
              gridAxis="x"
              yAxisProps={{ width: 110 }}
              xAxisProps={{ allowDecimals: false }}
              valueFormatter={shown}
              series={[{ name: summed, color: "grape.6" }]}
            />
          }
        >
          <table className={classes.numbers}>
            <thead>
              <tr>
                <th scope="col">{groupings.find((each) => each.value === by)?.label}</th>
                <th scope="col">Boxes</th>
                {sum && <th scope="col">{summed}</th>}
                {sum && <th scope="col">Average</th>}
              </tr>
            </thead>
            <tbody>
              {groups.map((each) => (
                <tr key={each.key}>
                  <td>{each.name || "None"}</td>
                  <td>
                    <BoxesLink pipeline={pipeline} by={by} group={each.key}>
                      {each.count}
                    </BoxesLink>
                  </td>
                  {sum && (
                    <td>
                      {shown(each.sums[sum]?.sum ?? 0)}
                      <LeftOut count={each.sums[sum]?.ignored} />
                    </td>
                  )}
                  {sum && <td>{shown(each.sums[sum]?.average)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
    </Ready>
  );
}

type BoxesLinkProps = { pipeline: PipelineOut; by: string; group: string; children: number };

/** A number that links to the boxes it counts. */
function BoxesLink({ pipeline, by, group, children }: BoxesLinkProps) {
  const test = behind(
    by,
    group,
    pipeline.fields.find((each) => each.key === by),
  );
  return test ? <Link to={boxesOf(pipeline.key, [test])}>{children}</Link> : children;
}
