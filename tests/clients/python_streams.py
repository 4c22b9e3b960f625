"""Executions of clients/python against streams that break, at MF_FAKE (python.test.mjs scripts them), and the codec."""

import json
import os
import re
import unittest
from datetime import datetime, timedelta, timezone

from mayfly_client import PAUSE, CodecError, ExecutionLost, Mayfly, RemoteError, decode, encode

fake = Mayfly(os.environ["MF_FAKE"])


class BrokenStreams(unittest.TestCase):
    def test_taken_up_again(self):
        result = fake.execute("break", tools={"codemode": {"f": lambda x: x * 2}})
        self.assertEqual((result.result, [log["message"] for log in result.logs]), (42, ["1", "2"]))

    def test_no_frames(self):
        for code in ("malformed", "gap", "array", "deep", "gone", "again"):
            with self.assertRaises(ExecutionLost, msg=code):
                fake.execute(code)

    def test_answers_that_cannot_be_delivered(self):
        with self.assertRaises(ExecutionLost):
            fake.execute("deaf", tools={"codemode": {"f": lambda x: x}})

    def test_pause(self):
        self.assertEqual(fake.execute("answer", tools={"codemode": {"f": lambda x: PAUSE}}, journal=[]).result, {"control": "pause"})


class Codec(unittest.TestCase):
    def test_through_json(self):
        for value in ({"__codemode_binary_v1__": "Uint8Array", "data": "AQ=="}, {"a": [{"__mayfly_v1__": {}}]}, {True: 1}, [set(), {}], datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))) + timedelta(days=1)):
            self.assertEqual(decode(json.loads(json.dumps(encode(value)))), value)
        error = decode(encode(RemoteError("Own", "m")))
        self.assertEqual((error.name, str(error)), ("Own", "m"))

    def test_what_cannot_be_sent(self):
        cycle = []
        cycle.append({"x": cycle})
        deep = []
        for _ in range(1000):
            deep = [deep]
        for value, text in ((cycle, r"contains itself cannot be sent: at value\[0\].x"), (deep, "deeply"), ({"f": [len]}, r"builtin_function_or_method cannot be sent: at value.f\[0\]"), (re.compile("a"), "Pattern")):
            with self.assertRaisesRegex(CodecError, text):
                encode(value)

    def test_what_is_no_value(self):
        tag = lambda kind, value: {"__mayfly_v1__": kind, "value": value}
        for value in (tag("what", 1), tag([], 1), tag("bigint", "1e5"), tag("bigint", "٣"), tag("number", "1"), tag("Map", [[1]]), tag("Map", 1), tag("Set", {}), tag("object", []), tag("Error", {}), tag("RegExp", "a"), tag("Date", None), {"__codemode_binary_v1__": "x", "data": ""}, {"__codemode_binary_v1__": "Uint8Array", "data": "*"}, json.loads("[" * 300 + "]" * 300)):
            with self.assertRaises(CodecError, msg=str(value)[:100]):
                decode(value)


unittest.main()
