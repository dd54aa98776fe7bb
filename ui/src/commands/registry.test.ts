import { expect, test } from "vitest";
import { spelled } from "./registry";

const bare = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

test.each([
  [{ ...bare, key: "j" }, "j"],
  [{ ...bare, key: "?", shiftKey: true }, "?"],
  [{ ...bare, key: "K", ctrlKey: true }, "mod+k"],
  [{ ...bare, key: "k", metaKey: true }, "mod+k"],
  [{ ...bare, key: "X", shiftKey: true }, "Shift+X"],
  [{ ...bare, key: "ArrowDown", shiftKey: true }, "Shift+ArrowDown"],
  [{ ...bare, key: "Enter", ctrlKey: true }, "mod+Enter"],
])("%o is %s", (event, name) => expect(spelled(event)).toBe(name));
