"""clients/python against a daemon at MF_URL; python.test.mjs starts both."""

import os
import unittest

from mayfly_client import Mayfly, MayflyError

client = Mayfly(os.environ["MF_URL"] + "/")


def code(source):
    return {"compatibilityDate": "2026-09-01", "mainModule": "main.js", "modules": {"main.js": source}}


class Test(unittest.TestCase):
    def test_run(self):
        run = client.run(code("export default { async fetch(r) { console.log('l'); return new Response(await r.text() + '\u00e4') } }"), request={"method": "POST", "url": "http://a/", "body": "x"})
        self.assertEqual((run["outcome"], run["response"]["body"], len(run["logs"])), ("ok", "x\u00e4", 1))

    def test_worker_that_fails_is_an_outcome(self):
        self.assertEqual(client.run(code("export default { fetch() { throw new Error('x') } }"))["outcome"], "exception")

    def test_refusal(self):
        with self.assertRaises(MayflyError) as caught:
            client.run({"what": 1})
        self.assertEqual((caught.exception.status, caught.exception.code, caught.exception.problem["param"]), (400, "api.field", "/code/what"))

    def test_resources(self):
        made = client.secrets.put("a.b", {"kind": "bearer", "token": "t", "hosts": ["api.example.com"]})
        self.assertEqual((made["name"], made["version"]), ("a.b", 1))
        self.assertEqual([s["name"] for s in client.secrets.list()], ["a.b"])
        client.outbounds.put("o", {"rules": [{"match": {"host": "api.example.com"}, "action": "allow"}]})
        self.assertIn("rule", client.explain_outbound("o", {"url": "https://api.example.com/"}))
        self.assertIsNone(client.secrets.delete("a.b"))
        with self.assertRaises(MayflyError) as caught:
            client.secrets.get("a.b")
        self.assertEqual(caught.exception.code, "secret.unknown")

    def test_token(self):
        url = os.environ["MF_GUARDED_URL"]
        with self.assertRaises(MayflyError) as caught:
            Mayfly(url).secrets.list()
        self.assertEqual(caught.exception.code, "auth.missing")
        Mayfly(url, token=os.environ["MF_TOKEN"]).secrets.put("theirs", {"kind": "bearer", "token": "t", "hosts": ["api.example.com"]})
        admin = os.environ["MF_ADMIN_TOKEN"]
        self.assertEqual(Mayfly(url, token=admin).secrets.list(), [])
        self.assertEqual([one["name"] for one in Mayfly(url, token=admin, tenant="acme").secrets.list()], ["theirs"])

    def test_tool_types(self):
        answer = client.tool_types([{"name": "n", "tools": {"a-b": {}, "c": {}}}], only=["n.a_b"])
        self.assertEqual([t["tool"] for t in answer["tools"]], ["a-b"])


unittest.main()
