import { useLocation } from "react-router";

/** The address that opens another box: in the panel if this box is in it, otherwise on its own page. */
export function useBoxAddress(): (box: string) => string {
  const { pathname, search } = useLocation();
  return (box) => {
    const params = new URLSearchParams(search);
    if (!params.has("box")) return `/boxes/${box}`;
    params.set("box", box);
    return `${pathname}?${params}`;
  };
}
