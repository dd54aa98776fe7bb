import { Text } from "@mantine/core";
import { IconAlertTriangle, IconEye, IconPointer } from "@tabler/icons-react";
import type { LetterOut } from "../api/schema";
import { useWriting } from "./context";
import classes from "./writing.module.css";

type Known = Pick<LetterOut, "track" | "opens" | "machineOpens" | "clicks" | "bounced">;

/** What became of a letter: opens, clicks, and recipients whom it did not reach. */
export function Signals({ letter }: { letter: Known }) {
  const { track, opens, machineOpens, clicks, bounced } = letter;
  const isTracked = track.opens || track.clicks || opens > 0 || clicks > 0;
  if (!isTracked && !bounced) return null;
  return (
    <span className={classes.signals}>
      {isTracked && (
        <>
          <span
            title={machineOpens > 0 ? `Programs opened it ${times(machineOpens)} more` : "How often people opened it"}
          >
            <IconEye size={13} stroke={1.6} aria-hidden /> {opens === 0 ? "Not opened" : `Opened ${times(opens)}`}
          </span>
          {clicks > 0 && (
            <span title="How often people followed its links">
              <IconPointer size={13} stroke={1.6} aria-hidden /> {clicks === 1 ? "1 click" : `${clicks} clicks`}
            </span>
          )}
        </>
      )}
      {bounced?.map((each) => (
        <Text key={each.address} span size="xs" c={each.delayed ? undefined : "red"}>
          <IconAlertTriangle size={13} stroke={1.6} aria-hidden /> {each.delayed ? "Delayed" : "Did not reach"}{" "}
          {each.address}
          {(each.text ?? each.code) && `: ${each.text ?? each.code}`}
        </Text>
      ))}
    </span>
  );
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** What became of the letter of this message, if it was sent from here. */
export function MessageSignals({ message }: { message: string }) {
  const letter = useWriting()?.letters.find((each) => each.messageKey === message);
  return letter ? <Signals letter={letter} /> : null;
}
