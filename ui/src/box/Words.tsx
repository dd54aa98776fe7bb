import { Suspense } from "react";
import { lazily } from "../lib/lazily";
import { type Mention, pieces } from "./mentions";
import classes from "./Words.module.css";

const Markdown = lazily(() => import("./Markdown"));

/** What Markdown has a meaning for. A text without it is drawn as it is, and does not load the compiler. */
const MARKUP = /[*_`~[\]|]|:\/\/|www\.|^\s*(?:[#>+-]|\d+[.)])\s|[^\s@]@[^\s@]/m;

type WordsProps = { text: string; mentions?: readonly Mention[]; me?: string };

/** A text that a person wrote: a comment or notes. Links, lists and other Markdown are drawn, and mentions stand out. */
export function Words({ text, mentions = [], me }: WordsProps) {
  const parts = pieces(text, mentions);
  const plain = (
    <p className={classes.plain}>
      {parts.map((each, at) =>
        each.userKey ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text in a fixed order
          <span key={at} className={classes.mention} data-me={each.userKey === me || undefined}>
            {each.text}
          </span>
        ) : (
          each.text
        ),
      )}
    </p>
  );
  if (!parts.some((each) => !each.userKey && MARKUP.test(each.text))) return plain;
  const marked = parts
    .map((each) => (each.userKey ? mentioning(each.text, each.userKey, each.userKey === me) : each.text))
    .join("");
  return (
    <Suspense fallback={plain}>
      <Markdown text={marked} />
    </Suspense>
  );
}

/** Markdown that draws a mention, which `Markdown` knows by its address. */
function mentioning(name: string, userKey: string, mine: boolean): string {
  return `[${name.replace(/[[\]\\*_`]/g, "\\$&")}](#mention-${userKey}${mine ? "~me" : ""})`;
}
