import type { MatchSnippetOut } from "../api/schema";
import classes from "./Snippet.module.css";

/** An excerpt of a text, with the words of a search highlighted. */
export function Snippet({ snippet }: { snippet: Pick<MatchSnippetOut, "text" | "ranges"> }) {
  const { text, ranges } = snippet;
  return (
    <span className={classes.snippet}>
      {ranges.map(({ start, end }, at) => (
        <span key={start}>
          {text.slice(ranges[at - 1]?.end ?? 0, start)}
          <mark>{text.slice(start, end)}</mark>
        </span>
      ))}
      {text.slice(ranges.at(-1)?.end ?? 0)}
    </span>
  );
}
