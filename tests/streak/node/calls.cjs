"use strict";
// One call a line: {"key": "…", "call": "Pipelines.getOne", "args": […]} is answered in one line with
// {"value": …} or {"error": …}. The call "methods" names everything the client can do.

const readline = require("node:readline");
const { Streak } = require("streakapi");

async function answer({ key, call, args }) {
  const client = new Streak(key);
  if (call === "methods") return { value: methods(client) };
  const path = call.split(".");
  const owner = path.slice(0, -1).reduce((thing, name) => thing[name], client);
  try {
    return { value: await owner[path.at(-1)](...args) };
  } catch (error) {
    return { error: { message: error.message, statusCode: error.statusCode, json: error.json } };
  }
}

function methods(thing, prefix = "") {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(thing)).filter((name) => name !== "constructor");
  const nouns = Object.keys(thing).filter((name) => !name.startsWith("_"));
  const deeper = nouns.flatMap((name) => methods(thing[name], `${prefix}${name}.`));
  return [...own.map((name) => prefix + name), ...deeper];
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
  }
}

main();
