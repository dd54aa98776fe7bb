import { useEffect, useRef } from "react";
import { failed } from "../components/toasts";

/** Says that the text of an editor could not be read, if the editor closes before the user has corrected the text. */
export function useUnread(problem: string | null): void {
  const newest = useRef(problem);
  newest.current = problem;
  useEffect(
    () => () => {
      if (newest.current !== null) failed(new Error(newest.current));
    },
    [],
  );
}
