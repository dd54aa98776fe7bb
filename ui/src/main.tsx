import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/base.css";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { nonce } from "./app/nonce";

const root = document.getElementById("root");
if (root) {
  setNonce(nonce());
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
