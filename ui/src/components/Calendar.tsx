import "@mantine/dates/styles.css";
import { DatePicker } from "@mantine/dates";
import { here } from "../lib/dates";

/** A month to choose a day from. The value is midnight UTC, which means the day in every time zone. */
export default function Calendar({ value, onPick }: { value: number | null; onPick: (at: number) => void }) {
  const day = value === null ? null : new Date(here(value));
  return (
    <DatePicker
      size="xs"
      value={day}
      {...(day ? { defaultDate: day } : {})}
      onChange={(picked) => {
        if (picked === null) return;
        const [year = 0, month = 1, date = 1] = String(picked).split("-").map(Number);
        onPick(Date.UTC(year, month - 1, date));
      }}
    />
  );
}
