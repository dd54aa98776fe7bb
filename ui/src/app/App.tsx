import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router/dom";
import { queries } from "../api/queries";
import { Crash } from "../components/Crash";
import { nonce } from "./nonce";
import { router } from "./router";
import { remembered, theme } from "./theme";

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={remembered} getStyleNonce={nonce}>
      <Notifications position="bottom-left" limit={8} autoClose={10_000} />
      <QueryClientProvider client={queries}>
        <Crash>
          <RouterProvider router={router} />
        </Crash>
      </QueryClientProvider>
    </MantineProvider>
  );
}
