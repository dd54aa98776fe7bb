import "@mantine/dates/styles.css";
import { DatePicker } from "@mantine/dates";

/** A month to choose a day from. The value is noon of that day, which is the same day in nearly every time zone. */
export default function Calendar({ value, onPick }: { value: number | null; onPick: (at: number) => void }) {
  const day = value === null ? null : new Date(value);
  return (
    <DatePicker
      size="xs"
      value={day}
      {...(day ? { defaultDate: day } : {})}
      onChange={(picked) => {
        if (picked === null) return;
        const [year = 0, month = 1, date = 1] = String(picked).split("-").map(Number);
        onPick(new Date(year, month - 1, date, 12).getTime());
      }}
    />
  );
}
