import { useLocation } from "react-router";

/** Where another box opens: in the panel where this one is in it, else on its page. */
export function useBoxAddress(): (box: string) => string {
  const { pathname, search } = useLocation();
  return (box) => {
    const params = new URLSearchParams(search);
    if (!params.has("box")) return `/boxes/${box}`;
    params.set("box", box);
    return `${pathname}?${params}`;
  };
}
