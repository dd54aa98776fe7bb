import { Group, Select } from "@mantine/core";
import type { PreviewOut } from "../api/schema";
import type { Plan } from "./table";

const ENCODINGS = {
  "utf-8": "Unicode (UTF-8)",
  "utf-16-le": "Unicode (UTF-16)",
  cp1252: "Western (Windows-1252)",
  cp1250: "Central European (Windows-1250)",
  cp1251: "Cyrillic (Windows-1251)",
  cp1253: "Greek (Windows-1253)",
  cp1254: "Turkish (Windows-1254)",
  cp1255: "Hebrew (Windows-1255)",
  cp1256: "Arabic (Windows-1256)",
  cp1257: "Baltic (Windows-1257)",
  cp932: "Japanese (Shift JIS)",
  gb18030: "Simplified Chinese (GB18030)",
  big5: "Traditional Chinese (Big5)",
  cp949: "Korean (CP949)",
  mac_roman: "Western (Mac Roman)",
};
const DELIMITERS = { ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar" };
const DATES = { dmy: "Day, month, year", mdy: "Month, day, year", ymd: "Year, month, day" };

type Props = { seen: PreviewOut; plan: Plan; onPlan: (plan: Plan) => void };

/** How the table is read: what the server found is selected, and the user can choose another value. */
export function Reading({ seen, plan, onPlan }: Props) {
  const sheets = Object.fromEntries(seen.sheets.map((name) => [name, name]));
  // Another encoding, delimiter or sheet gives other columns, so the mapping starts again.
  const reread = (change: Partial<Plan>) => onPlan({ ...plan, ...change, mapping: null });
  return (
    <Group>
      {seen.sheets.length > 0 && (
        <Choice label="Sheet" names={sheets} found={seen.sheet} onChoose={(sheet) => reread({ sheet })} />
      )}
      {seen.encoding && (
        <Choice
          label="Encoding"
          names={ENCODINGS}
          found={seen.encoding}
          onChoose={(encoding) => reread({ encoding })}
        />
      )}
      {seen.format === "csv" && (
        <Choice
          label="Delimiter"
          names={DELIMITERS}
          found={seen.delimiter}
          onChoose={(delimiter) => reread({ delimiter })}
        />
      )}
      <Choice label="Dates" names={DATES} found={seen.dates} onChoose={(dates) => onPlan({ ...plan, dates })} />
    </Group>
  );
}

type ChoiceProps = {
  label: string;
  names: Record<string, string>;
  found: string;
  onChoose: (value: string) => void;
};

function Choice({ label, names, found, onChoose }: ChoiceProps) {
  const data = Object.entries(found in names ? names : { [found]: found, ...names });
  return (
    <Select
      label={label}
      data={data.map(([value, name]) => ({ value, label: name }))}
      value={found}
      allowDeselect={false}
      onChange={(value) => value && onChoose(value)}
    />
  );
}
