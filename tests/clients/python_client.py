"""clients/python against a daemon at MF_URL; python.test.mjs starts both."""

import os
import tarfile
import tempfile
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

    def test_workspaces(self):
        files = client.workspaces.put("py", quota={"bytes": 1 << 20, "inodes": 2000})
        self.assertEqual(files.write("/a b/\u00fc.txt", "one\ntwo\n", mode="600")["mode"], "0600")
        self.assertEqual((files.read_text("/a b/\u00fc.txt"), files.read("/a b/\u00fc.txt", offset=4, length=2)), ("one\ntwo\n", b"tw"))
        with self.assertRaises(FileNotFoundError) as caught:
            files.read("/none")
        self.assertEqual((caught.exception.filename, caught.exception.strerror), ("/none", "no such file or directory"))
        for wrong, call in ((IsADirectoryError, lambda: files.read("/a b")), (OSError, lambda: files.remove("/a b")), (MayflyError, lambda: files.write("/a b/\u00fc.txt", "x", exclusive=True)), (OSError, lambda: files.write("/big", b"x" * (2 << 20)))):
            with self.assertRaises(wrong):
                call()
        files.ops([{"op": "write", "path": f"/many/{i}", "text": "needle" if i % 2 else "hay", "parents": True} for i in range(1500)])
        self.assertEqual((len(list(files.list("/many"))), len(list(files.grep("needle", path="/many"))), len(list(files.glob("many/1?"))), len(list(files.find(name="2*")))), (1500, 750, 10, 111))
        self.assertEqual(files.edit("/a b/\u00fc.txt", [{"search": "one", "replace": "1"}])["size"], 6)
        self.assertIn("+needle", files.diff("/many/0", "/many/1"))
        files.snapshot("s")
        files.remove("/many", recursive=True)
        copy = client.workspaces.open(files.fork("py-copy", snapshot="s")["name"])
        self.assertEqual((copy.stat("/many")["type"], [one["name"] for one in files.snapshots()]), ("directory", ["s"]))
        with copy.archive("/a b") as archive, tarfile.open(fileobj=archive, mode="r|") as tar:
            self.assertEqual([member.name.lstrip("./") for member in tar if member.isfile()], ["\u00fc.txt"])
        with tempfile.TemporaryFile() as file:
            file.write(b"z" * 300_000)
            file.seek(0)
            self.assertEqual(copy.write("/from-file", file)["size"], 300_000)
        self.assertGreater(files.restore("s")["revision"], 0)
        self.assertEqual({one["name"] for one in client.workspaces.list()} >= {"py", "py-copy"}, True)
        client.workspaces.delete("py-copy")

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
