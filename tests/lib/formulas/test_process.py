"""The process around the engine: begun when needed, never left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxwood.lib.formulas import Engine, Fault, compile  # noqa: A004

from .conftest import NOW

ONE = compile("$'A' + 1")


@pytest.fixture
def own():
    with Engine() as engine:
        yield engine


def pid(engine):
    return engine._process.child.pid


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    try:
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone_within(process, seconds):
    end = time.monotonic() + seconds
    while alive(process) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(process)


def test_nothing_is_loaded_or_started_before_the_first_formula():
    text = """
        import sys, threading
        from boxwood.lib import formulas
        engine = formulas.Engine()
        formulas.compile("SUM($'A', 1)")
        engine.close()
        assert not [name for name in sys.modules if "quickjs" in name]
        assert threading.active_count() == 1
        assert engine._process is None
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(text)], check=True, timeout=300)


def test_close_leaves_no_process(own):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    own.close()
    assert not alive(process)
    own.close()


def test_a_closed_engine_begins_again(own):
    own.evaluate(ONE, [(1,)], NOW)
    own.close()
    assert own.evaluate(ONE, [(1,)], NOW) == [2]


def test_one_process_serves_every_formula(own):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    for n in range(100):  # more than are kept compiled
        assert own.evaluate(compile(f"$'A' + {n}"), [(1,)], NOW) == [n + 1]
    assert pid(own) == process


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_idle_is_replaced_unnoticed(own, how):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    os.kill(process, how)
    assert gone_within(process, 60)
    assert own.evaluate(ONE, [(1,)], NOW) == [2]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_meant_for_the_server_do_not_stop_it(own, how):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    os.kill(process, how)
    assert own.evaluate(ONE, [(1,)], NOW) == [2]
    assert pid(own) == process


def test_it_is_replaced_after_an_overrun(own):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    assert own.evaluate(compile("new Array(1e8).join('')"), [()], NOW)[0].code == "#TIMEOUT!"
    assert not alive(process)
    assert own.evaluate(ONE, [(1,)], NOW) == [2]


def test_its_rights_are_few(own):
    own.evaluate(ONE, [(1,)], NOW)
    limits = Path(f"/proc/{pid(own)}/limits")
    if not limits.exists():
        pytest.skip("this system does not show a process's limits")
    rows = {line[:26].strip(): line[26:].split()[0] for line in limits.read_text().splitlines()[1:]}
    assert int(rows["Max address space"]) == 512 << 20
    assert (rows["Max file size"], rows["Max core file size"], rows["Max open files"]) == ("0", "0", "16")
    environment = Path(f"/proc/{pid(own)}/environ").read_bytes()
    assert b"PATH" not in environment


@pytest.mark.parametrize("last", ["$'A' + 1", "while (true) {}", "new Array(1e8).join('')"])
def test_it_does_not_outlive_a_server_that_is_killed(last):
    text = f"""
        from boxwood.lib.formulas import Engine, compile
        engine = Engine()
        engine.evaluate(compile("1"), [()], 0)
        print(engine._process.child.pid, flush=True)
        while True:
            engine.evaluate(compile({last!r}), [(1,)] if "A'" in {last!r} else [()], 0)
    """
    server = subprocess.Popen([sys.executable, "-c", textwrap.dedent(text)], stdout=subprocess.PIPE, text=True)
    with server, server.stdout as output:
        process = int(output.readline())
        assert alive(process)
        server.kill()
        server.wait()
    assert gone_within(process, 60)


def test_threads_share_one_engine(own):
    def rounds(thread):
        formula = compile(f"$'A' * {thread}")
        return [own.evaluate(formula, [(n,) for n in range(200)], NOW) for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(rounds, range(8)))
    for thread, values in enumerate(results):
        assert values == [[n * thread for n in range(200)]] * 10


def test_a_hostile_formula_does_not_spoil_one_in_another_thread(own):
    stop = threading.Event()

    def attack():
        while not stop.is_set():
            values = own.evaluate(compile("new Array(1e8).join('')"), [()], NOW)
            assert isinstance(values[0], Fault)

    with ThreadPoolExecutor(1) as pool:
        attacker = pool.submit(attack)
        for _ in range(2):
            assert own.evaluate(ONE, [(n,) for n in range(100)], NOW) == [n + 1 for n in range(100)]
        stop.set()
        attacker.result()


def test_a_fork_has_an_engine_of_its_own(own):
    own.evaluate(ONE, [(1,)], NOW)
    process = pid(own)
    child = os.fork()
    if child == 0:
        value = own.evaluate(ONE, [(5,)], NOW)
        other = pid(own)
        own.close()
        os._exit(0 if value == [6] and other != process else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert own.evaluate(ONE, [(1,)], NOW) == [2]
    assert pid(own) == process
