import { Group, Select, Title } from "@mantine/core";
import { usePipeline } from "../app/pipeline";
import { CopyAsCode } from "../components/CopyAsCode";
import { DAY } from "../lib/dates";
import { useSearch } from "../lib/search";
import { Funnel, OverTime, TimeInStage, Totals } from "../reports/Charts";
import classes from "../reports/reports.module.css";

const SPANS = [
  { value: "", label: "Of all time" },
  { value: "30", label: "Last 30 days" },
  { value: "90", label: "Last 90 days" },
  { value: "365", label: "Last 12 months" },
];

/** Screen with the charts of a pipeline. */
export default function Reports() {
  const pipeline = usePipeline();
  const [search, setSearch] = useSearch();
  const days = search.get("days") ?? "";
  // Starts at midnight, so that the request stays the same all day and can be cached.
  const from = days ? Math.floor(Date.now() / DAY) * DAY - Number(days) * DAY : undefined;
  const span = from === undefined ? {} : { from };
  return (
    <div className={classes.page}>
      <Group justify="space-between">
        <Title order={1}>Reports</Title>
        <Group gap="xs">
          <Select
            aria-label="Of which time"
            w={160}
            data={SPANS}
            value={days}
            allowDeselect={false}
            onChange={(value) =>
              setSearch((before) => {
                if (value) before.set("days", value);
                else before.delete("days");
                return before;
              })
            }
          />
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/reports/funnel`, query: span }} />
        </Group>
      </Group>
      <div className={classes.grid}>
        <Funnel pipeline={pipeline} span={span} />
        <TimeInStage pipeline={pipeline} span={span} />
        <OverTime pipeline={pipeline} span={span} />
        <Totals pipeline={pipeline} span={span} />
      </div>
    </div>
  );
}
