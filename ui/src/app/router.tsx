import type { ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Failed } from "../components/states";
import { patiently } from "../lib/lazily";
import { SCREENS, type Screen } from "../screens";
import { Frame } from "./Frame";
import { Shell } from "./Shell";

/** The current screen stays visible until the next one is loaded, without a spinner between them. */
function route(screen: Screen): RouteObject {
  const lazy = async (): Promise<{ Component: ComponentType }> => ({
    Component: (await patiently(screen.load)).default,
  });
  return { path: screen.path, lazy, ErrorBoundary: Broken, HydrateFallback: Nothing };
}

function Nothing() {
  return null;
}

function Broken() {
  return <Failed error="This screen could not be loaded. Perhaps the server was updated: load the page again." />;
}

const inPipeline = (screen: Screen) => screen.path.startsWith("/pipelines/:pipeline");
const inside = SCREENS.filter((each) => !each.bare);

export const router = createBrowserRouter([
  ...SCREENS.filter((each) => each.bare).map(route),
  {
    Component: Shell,
    HydrateFallback: Nothing,
    children: [
      ...inside.filter((each) => !inPipeline(each)).map(route),
      { Component: Frame, children: inside.filter(inPipeline).map(route) },
    ],
  },
]);
