"""Executions of clients/python against a daemon at MF_URL; python.test.mjs starts both."""

import math
import os
import threading
import unittest
from datetime import datetime, timezone

from mayfly_client import PAUSE, Mayfly, MayflyError, ProgramFailed, RegExp, decode

client = Mayfly(os.environ["MF_URL"])


def run(code, tools=None, **more):
    return client.execute(code, tools=tools, **more).unwrap()


class Executions(unittest.TestCase):
    def test_a_program_and_its_calls(self):
        self.assertEqual(run("async () => 42"), 42)
        self.assertIsNone(run("async () => {}"))
        self.assertEqual(run("const x: number = await math.add(1, 2);\nx * 2", {"math": {"add": lambda a, b: a + b}}), 6)
        seen = []
        self.assertEqual(run("async () => [await a.get_one({ k: [1, null] }), await b.f()]", {"a": {"get-one": seen.append}, "b": {"f": lambda: "b"}}), [None, "b"])
        self.assertEqual(seen, [{"k": [1, None]}])

    def test_calls_at_once_in_threads(self):
        together = threading.Barrier(3, timeout=10)

        def slow(i):
            together.wait()
            return i

        self.assertEqual(run("async () => Promise.all([1, 2, 3].map((i) => t.slow(i)))", {"t": {"slow": slow}}), [1, 2, 3])

    def test_async_functions(self):
        async def later(x):
            return x + 1

        self.assertEqual(run("async () => t.later(1)", {"t": {"later": later}}), 2)

    def test_what_is_raised_is_thrown(self):
        def fail():
            raise KeyError("no")

        code = "async () => { try { await t.fail(); } catch (e) { return [e instanceof Error, e.name, e.message]; } }"
        self.assertEqual(run(code, {"t": {"fail": fail}}), [True, "KeyError", "'no'"])
        self.assertEqual(run(code.replace("fail", "gone"), {"t": {}}), [True, "Error", 'Tool "gone" not found'])
        self.assertIn("object", run(code, {"t": {"fail": object}})[2])

    def test_a_program_that_fails(self):
        with self.assertRaises(ProgramFailed) as caught:
            run("async () => { console.warn('w'); throw new TypeError('boom'); }")
        result = caught.exception.result
        self.assertEqual((str(caught.exception), result.outcome, result.error["name"]), ("boom", "exception", "TypeError"))
        self.assertEqual([(log["level"], log["message"]) for log in result.logs], [("warn", "w")])
        self.assertEqual(client.execute("async () => { while (true) {} }", limits={"cpuMs": 50}).outcome, "exceededCpu")

    def test_values(self):
        same = lambda value: run("async () => t.f()", {"t": {"f": lambda: value}})
        moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
        for value in (None, True, 1, -1.5, "ä🪰", 2**70, moment, b"\0\xff", [1, [2]], {"a": {"b": None}}, {1: "one", (2): None}, {1, 2}, {"__mayfly_v1__": "bigint", "value": "1"}, math.inf):
            self.assertEqual(same(value), value)
        self.assertTrue(math.isnan(same(math.nan)))
        self.assertEqual(math.copysign(1, same(-0.0)), -1)
        self.assertEqual(same(bytearray(b"x")), b"x")
        self.assertEqual(same({"b": b"x"}), {"b": b"x"})
        self.assertEqual(run("async () => [/a/g, { gone: undefined, n: null }, new Map([[{}, 1]])]"), [RegExp("a", "g"), {"n": None}, [({}, 1)]])
        self.assertEqual(run("async () => (await t.f()) instanceof Date", {"t": {"f": lambda: datetime.now()}}), True)

    def test_logs_as_they_happen(self):
        seen = []
        run("async () => { console.log('a', 1); await t.f(); console.log('b'); }", {"t": {"f": lambda: seen.append("call")}}, on_log=lambda log: seen.append(log["message"]))
        self.assertEqual(seen, ["a 1", "call", "b"])

    def test_frames_of_ones_own(self):
        with client.start("async () => (await t.f(1)) + 1", namespaces=[{"name": "t"}]) as execution:
            for frame in execution:
                if frame["type"] == "call":
                    self.assertEqual((frame["namespace"], frame["name"], decode(frame["args"])), ("t", "f", [1]))
                    self.assertTrue(execution.answer(frame["callId"], 41))
                    self.assertFalse(execution.answer(frame["callId"], 41))
        self.assertEqual((frame["type"], frame["outcome"], frame["result"]), ("done", "ok", 42))

    def test_a_prelude(self):
        self.assertEqual(run("async () => t.twice(4) + await t.f()", {"t": {"f": lambda: 1}}, namespaces=[{"name": "t", "prelude": "t.twice = (x) => x * 2;"}]), 9)

    def test_a_journal(self):
        approved = []
        tools = {"db": {"find": lambda: {"id": 2**60}, "remove": lambda id: approved.append(id) if approved else PAUSE}}
        code = "async () => { const { id } = await db.find(); await db.remove(id); return id; }"
        paused = client.execute(code, tools=tools, journal=[])
        self.assertEqual((paused.outcome, len(paused.journal)), ("paused", 1))
        approved.append("by Ada")
        self.assertEqual(client.execute(code, tools=tools, journal=paused.journal).unwrap(), 2**60)
        self.assertEqual(approved, ["by Ada", 2**60])

    def test_refusal(self):
        with self.assertRaises(MayflyError) as caught:
            client.execute("1", what=1)
        self.assertEqual(caught.exception.code, "api.field")

    def test_left_before_its_end(self):
        with client.start("async () => { await new Promise((r) => setTimeout(r, 60000)); }") as execution:
            pass
        self.assertFalse(execution.answer(1, None))


unittest.main()
