// The environment of a formula. It is evaluated first in every new context.
"use strict";
const NativeDate = Date;
const NativeFunction = Function;

class Fault {
  constructor(code, message) {
    this.code = code;
    this.message = message;
  }
}

function fail(code, message) {
  throw new Fault(code, message);
}

// Every row of a batch sees the same time, and a formula cannot measure time.
let now = 0;

function ClockedDate(...parts) {
  if (!new.target) return new NativeDate(now).toString();
  return Reflect.construct(NativeDate, parts.length ? parts : [now], new.target);
}
ClockedDate.prototype = NativeDate.prototype;
Object.defineProperty(ClockedDate, "name", { value: "Date" });
Object.defineProperty(ClockedDate, "length", { value: 7 });
ClockedDate.now = () => now;
ClockedDate.parse = NativeDate.parse;
ClockedDate.UTC = NativeDate.UTC;

// Code made from text could hold state between rows (a global `let` survives freezing).
function forbidText() {
  throw new TypeError("a formula cannot make code from text");
}

function remove() {
  globalThis.Date = ClockedDate;
  NativeDate.prototype.constructor = ClockedDate;
  for (const name of ["eval", "performance", "queueMicrotask", "Atomics", "SharedArrayBuffer", "WeakRef"])
    delete globalThis[name];
  delete globalThis.FinalizationRegistry;
  delete Error.prepareStackTrace; // accessors: settable even on a frozen Error
  delete Error.stackTraceLimit;
  forbidText.prototype = NativeFunction.prototype;
  globalThis.Function = forbidText;
  for (const sample of [function () {}, function* () {}, async function () {}, async function* () {}])
    Object.defineProperty(Object.getPrototypeOf(sample), "constructor", { value: forbidText });
}

// A row must not change the language for the next row.
function freezeEverything() {
  const seen = new Set();
  const open = [globalThis, forbidText, ...unnamed()];
  while (open.length) {
    const thing = open.pop();
    if (thing === null || (typeof thing !== "object" && typeof thing !== "function") || seen.has(thing)) continue;
    seen.add(Object.freeze(thing));
    const keys = Reflect.ownKeys(thing);
    if (typeof thing === "function" && keys.length === 2) continue; // a length and a name lead nowhere
    for (const key of keys) {
      const own = Object.getOwnPropertyDescriptor(thing, key);
      open.push(own.value, own.get, own.set);
    }
    open.push(Object.getPrototypeOf(thing));
  }
}

// Prototypes that cannot be reached from the global object.
function unnamed() {
  const iterators = [[].values(), new Map().keys(), new Set().keys(), "".matchAll(/a/g), ""[Symbol.iterator]()];
  iterators.push([].values().map((x) => x), Iterator.from({ next() {} }));
  const functions = [function* () {}, async function () {}, async function* () {}, () => 0];
  const generators = [functions[0](), functions[2]()];
  return [...iterators, ...functions, ...generators].map(Object.getPrototypeOf);
}
