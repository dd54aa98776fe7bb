"""Formulas that mean harm cost their own rows, and nothing else anything."""

import pytest

from boxwood.lib.formulas import Engine, Fault, compile  # noqa: A004

from .conftest import NOW

ENDLESS = [
    "while (true) {}",
    "try { while (true) {} } catch (e) { return 1 } finally { while (true) {} }",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "new Array(1e8).join('x')",
    "new Array(1e8).join('')",
    "[].concat(...Array(500).fill(Array(1e5)))",
    "throw {toString() { while (true) {} }}",
    "return {get a() { while (true) {} }}",
    "return new Proxy([], {get() { while (true) {} }})",
    "REGEXMATCH(REPT('a', 40) & 'b', '^(a+)+$')",
]
HUGE = [
    "'x'.repeat(1e9)",
    "Array(4e8).fill(0)",
    "var a = 'x'; while (true) a += a",
    "var a = []; while (true) a.push([1, 2, 3])",
    "new Uint8Array(1e9)",
    "BigInt('9'.repeat(1e6)) ** 1000n",
    "JSON.stringify(Array(1e7).fill('x'))",
]
DEEP = [
    "(function f() { return f() + 1 })()",
    "var a = []; for (var i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a)",
    "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
    "JSON.parse('['.repeat(1e6))",
    "var f = x => [1].map(() => f(x)); return f()",
    "return {get a() { return this.a }}",
]


@pytest.mark.parametrize("text", ENDLESS)
def test_what_never_ends_is_ended(compute, text):
    assert compute(text).code in ("#TIMEOUT!", "#MEMORY!")
    assert compute("$'A' + 1", 1) == 2


@pytest.mark.parametrize("text", HUGE)
def test_what_wants_all_memory_does_not_get_it(compute, text):
    assert compute(text).code in ("#MEMORY!", "#TIMEOUT!", "#ERROR!")
    assert compute("$'A' + 1", 1) == 2


@pytest.mark.parametrize("text", DEEP)
def test_what_goes_too_deep_comes_back(compute, text):
    assert isinstance(compute(text), Fault)
    assert compute("$'A' + 1", 1) == 2


def test_one_endless_row_among_many_costs_itself_alone(engine: Engine):
    text = "if ($'A' === 4321) while (true) {} return $'A'"
    values = engine.evaluate(compile(text), [(n,) for n in range(10_000)], NOW)
    assert [n for n in range(10_000) if values[n] != n] == [4321]
    assert values[4321] == Fault("#TIMEOUT!", "The formula takes too long")


def test_one_huge_row_among_many_costs_itself_alone(engine: Engine):
    text = "if ($'A' === 4321) return 'x'.repeat(1e9); return $'A'"
    values = engine.evaluate(compile(text), [(n,) for n in range(10_000)], NOW)
    assert [n for n in range(10_000) if values[n] != n] == [4321]
    assert values[4321] == Fault("#MEMORY!", "The formula uses too much memory")


def test_a_formula_that_stops_the_process_costs_its_batch(engine: Engine):
    text = "if ($'A' === 4321) new Array(1e8).join(''); return $'A'"
    values = engine.evaluate(compile(text), [(n,) for n in range(10_000)], NOW)
    assert [n for n in range(10_000) if values[n] != n] == list(range(4000, 5000))


def test_a_formula_that_is_endless_in_every_row_is_given_up_soon(engine: Engine):
    batches = []
    ask = engine.ask
    engine.ask = lambda head, body: batches.append(head) or ask(head, body)
    try:
        values = engine.evaluate(compile("while (true) {}"), [()] * 100_000, NOW)
    finally:
        del engine.ask
    assert values == [Fault("#TIMEOUT!", "The formula takes too long")] * 100_000
    assert len(batches) == 2


def test_a_heavy_formula_is_not_blamed_on_a_row(engine: Engine):
    # A batch of these takes longer than a batch may, though each row is innocent: it goes on where
    # it stopped, until patience ends.
    text = "for (var i = 0, n = 0; i < 12000; i++) n += i % 7; return $'A'"
    values = engine.evaluate(compile(text), [(n,) for n in range(1000)], NOW)
    good = [value for value in values if not isinstance(value, Fault)]
    assert good
    assert values == good + [Fault("#TIMEOUT!", "The formula takes too long")] * (1000 - len(good))


@pytest.mark.parametrize(
    "text",
    [
        "Array.prototype.leak = (Array.prototype.leak || 0) + 1; return [].leak || 0",
        "Object.prototype.leak = 1; return ({}).leak || 0",
        "String.prototype.trim = function () { return 'leak' }; return ' '.trim() === '' ? 0 : 1",
        "Math.max = function () { return 1 }; return Math.max(0) ",
        "JSON.stringify = 1; return typeof JSON.stringify === 'function' ? 0 : 1",
        "Object.defineProperty(Array.prototype, 'leak', {value: 1}); return 0",
        "globalThis.leak = (globalThis.leak || 0) + 1; return globalThis.leak || 0",
        "this.leak = (this.leak || 0) + 1; return this.leak || 0",
        "leak = typeof leak === 'number' ? leak + 1 : 0; return leak",
        "if ('hidden' in globalThis) return 1; (function () { hidden = 1 })(); return 0",
        "var f = arguments.callee; f.prototype.leak = 1; return 'leak' in f.prototype ? 1 : 0",
        "var f = arguments.callee; f.leak = (f.leak || 0) + 1; return f.leak || 0",
        "Error.prepareStackTrace = function () { return 1 }; return new Error().stack === 1 ? 1 : 0",
        "Error.stackTraceLimit = 0; return typeof new Error('x').stack === 'string' ? 0 : 1",
        "Array.prototype.__proto__ = {leak: 1}; return [].leak || 0",
        "Object.setPrototypeOf(Array.prototype, {leak: 1}); return [].leak || 0",
        "var p = Object.getPrototypeOf(function* () {}.prototype); p.leak = 1; return p.leak || 0",
        "Object.getPrototypeOf([].values()).next = () => ({done: true}); return [...[1]].length - 1",
        "Date.now = function () { return 1 }; return Date.now() === 1 ? 1 : 0",
        "Symbol.for('leak').constructor.prototype.leak = 1; return Symbol().leak || 0",
        "var q = s => s; var t = (() => q`x`)(); t.leak = 1; return q`x`.leak || 0",
    ],
)
def test_nothing_is_left_behind_for_the_next_row(engine: Engine, text):
    """Each of several rows must find the world new (0) or be refused."""
    values = engine.evaluate(compile(text), [()] * 3, NOW)
    assert all(value == 0 or isinstance(value, Fault) for value in values), values
    assert engine.evaluate(compile("[].leak || ({}).leak || typeof leak"), [()], NOW) == ["undefined"]


def test_everything_that_can_be_reached_is_frozen(compute):
    text = """
      const samples = [
        [].values(), new Map().keys(), new Set().keys(), 'a'.matchAll(/a/g), ''[Symbol.iterator](),
        [].values().map(x => x), Iterator.from({next() {}}), function* () {}, async function () {},
        async function* () {}, (function* () {}).prototype, (async function* () {}).prototype, () => 1,
        class {}, /a/, new Error(), Promise.resolve(), new Date(), Symbol(), 1n, new Uint8Array(),
        new DataView(new ArrayBuffer(1)), [], {}, '', 1, true,
      ];
      const seen = new Set(), loose = [], open = [globalThis, ...samples.map(x => Object.getPrototypeOf(x))];
      while (open.length) {
        const thing = open.pop();
        if (Object(thing) !== thing || seen.has(thing)) continue;
        seen.add(thing);
        if (!Object.isFrozen(thing)) loose.push(String(thing.name ?? thing[Symbol.toStringTag] ?? thing));
        for (const key of Reflect.ownKeys(thing)) {
          const own = Object.getOwnPropertyDescriptor(thing, key);
          open.push(own.value, own.get, own.set);
        }
        open.push(Object.getPrototypeOf(thing));
      }
      return [String(seen.size > 500), ...loose];
    """
    assert compute(text) == ["true"]


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "(0, eval)('let leak = 1')",
        "Function('return 1')()",
        "new Function('return 1')()",
        "(function () {}).constructor('return 1')()",
        "(() => 1).constructor('}); let leak = 1; (function () {')",
        "(function* () {}).constructor('yield 1')().next()",
        "(async function () {}).constructor('return 1')()",
        "Reflect.construct(Function, ['return 1'])()",
        "import('fs')",
        "require('fs')",
        "std.loadFile('/etc/passwd')",
        "os.exec(['id'])",
        "process.exit()",
        "fetch('http://example.com/')",
        "new XMLHttpRequest()",
        "setTimeout(function () {}, 0)",
        "load('x.js')",
        "print('x')",
        "control('harvest')",
        "prepare('1')",
        "fail('x', 'y')",
        "S.SUM(1)",
    ],
)
def test_there_is_no_way_out_of_the_room(compute, text):
    assert isinstance(compute(text), Fault)


def test_a_formulas_text_cannot_close_the_function_around_it(engine: Engine):
    with pytest.raises(ValueError, match="closes nothing"):
        compile("1 }); globalThis.leak = 1; (function () {")


def test_work_put_off_is_never_done(engine: Engine):
    text = "(async () => { await 0; while (true) {} })(); Promise.resolve().then(() => { throw 1 }); return 1"
    assert engine.evaluate(compile(text), [()] * 10, NOW) == [1] * 10


def test_memory_kept_by_many_formulas_is_taken_back(engine: Engine):
    hoard = "Promise.resolve(new Uint8Array(25e6)).then(x => x); return 1"
    for n in range(25):  # more than the process may have
        assert engine.evaluate(compile(f"{hoard} + {n} - {n}"), [()], NOW) == [1]
    assert engine.evaluate(compile("'y'.repeat(1e6).length"), [()], NOW) == [1_000_000]
