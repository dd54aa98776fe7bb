import { type ComponentType, type LazyExoticComponent, lazy } from "react";

// biome-ignore lint/suspicious/noExplicitAny: React's own type for components
type Any = ComponentType<any>;

/** A component that is loaded when it is first drawn. If loading fails, it is tried again for a while. */
export function lazily<T extends Any>(load: () => Promise<{ default: T }>): LazyExoticComponent<T> {
  return lazy(() => patiently(load));
}

export async function patiently<T>(load: () => Promise<T>, tries = 20, pause = 500): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (tries <= 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, pause));
    return patiently(load, tries - 1, pause);
  }
}
