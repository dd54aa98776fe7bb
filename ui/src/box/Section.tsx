import { type ReactNode, useId } from "react";
import classes from "./Fields.module.css";

type SectionProps = { title: string; count?: number; action?: ReactNode; children: ReactNode };

export function Section({ title, count = 0, action, children }: SectionProps) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <header>
        <h2 id={id}>
          {title}
          {count > 0 && <span className="quiet numbers"> {count}</span>}
        </h2>
        {action}
      </header>
      {children}
    </section>
  );
}
