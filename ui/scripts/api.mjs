// Writes src/api/schema.d.ts from the document that `python -m boxwood.api` prints. Does nothing if the document is unchanged.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ui = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(ui, "src/api/schema.d.ts");
const own = join(ui, "../.venv/bin/python");
const python = existsSync(own) ? own : "python3";
const printed = execFileSync(python, ["-m", "boxwood.api"], { cwd: join(ui, ".."), maxBuffer: 64e6 });
const stamp = `// ${createHash("sha256")
  .update(printed)
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest("hex")}\n`;

if (!(existsSync(target) && readFileSync(target, "utf8").startsWith(stamp))) {
  const { astToString, default: describe, stringToAST } = await import("openapi-typescript");
  const anything = stringToAST("type X = Record<string, unknown>")[0].type;
  const types = await describe(JSON.parse(printed.toString()), {
    alphabetize: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    // An object without listed members, such as preferences, may have any members.
    transform: (schema) =>
      schema.type === "object" && !schema.properties && schema.additionalProperties === undefined
        ? anything
        : undefined,
  });
  writeFileSync(target, stamp + astToString(types));
}
