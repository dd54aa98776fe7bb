import classes from "./integrations.module.css";

/** A request or response body. JSON is indented, anything else is shown as it is. */
export function Body({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the region scrolls, so the keyboard must reach it
    <pre className={classes.body} aria-label={label} role="region" tabIndex={0}>
      {pretty(text) || "(nothing)"}
    </pre>
  );
}

export function Headers({ headers, label }: { headers: Record<string, string>; label: string }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return <Body text={lines.join("\n")} label={label} />;
}

export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
