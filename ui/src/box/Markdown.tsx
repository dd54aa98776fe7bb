import Compiler, { type MarkdownToJSX } from "markdown-to-jsx";
import type { ReactNode } from "react";
import classes from "./Words.module.css";

const MENTION = "#mention-";

/** A link in a text that people wrote. It opens in a new tab and tells the other site nothing of this page. */
function Anchor({ href, children }: { href?: string; children?: ReactNode }) {
  if (href?.startsWith(MENTION)) {
    const [key, mine] = href.slice(MENTION.length).split("~");
    return (
      <span className={classes.mention} data-user={key} data-me={mine || undefined}>
        {children}
      </span>
    );
  }
  return href ? (
    <a href={href} target="_blank" rel="noreferrer noopener nofollow" onClick={(event) => event.stopPropagation()}>
      {children}
    </a>
  ) : (
    <span>{children}</span>
  );
}

/** Pictures are not loaded from other sites: their address is a link. */
function Picture({ src, alt }: { src?: string; alt?: string }) {
  return <Anchor {...(src ? { href: src } : {})}>{alt || src}</Anchor>;
}

const Bold = ({ children }: { children?: ReactNode }) => <p className={classes.heading}>{children}</p>;

const OPTIONS: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  wrapper: "div",
  sanitizer: (value) => (/^(https?:|mailto:|tel:|#mention-)/i.test(value) ? value : null),
  overrides: { a: Anchor, img: Picture, h1: Bold, h2: Bold, h3: Bold, h4: Bold, h5: Bold, h6: Bold },
};

/** A text in Markdown: links, bold, lists, code and quotes. HTML in it is shown as text. */
export default function Markdown({ text }: { text: string }) {
  return (
    <Compiler options={OPTIONS} className={classes.markdown}>
      {text}
    </Compiler>
  );
}
