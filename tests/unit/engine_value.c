/* docs/internals.md: clones, UTF-8, and what is told of a value without running it. */
#include "engine_kit.h"

static void test_clone(void)
{
    KIT_CHECK_RUN(
        "const c = (v, t) => mf.structuredClone(v, t);\n"
        "const o = { a: [1, , 3], m: new Map([[1, new Set(['x'])]]), d: new Date(5), r: /x/g, n: null, u: "
        "undefined,"
        " b: 10n ** 30n, e: new RangeError('r'), f: new Float64Array([1.5]), v: new DataView(new "
        "ArrayBuffer(3), 1),"
        " s: Object('boxed') }; o.self = o;\n"
        "const k = c(o); print(k !== o, k.self === k, k.a.length, 1 in k.a, k.m.get(1).has('x'), "
        "k.d.getTime(), k.r + '',"
        " k.n, k.u, k.b === o.b, k.e instanceof RangeError, k.e.message, k.f[0], k.v.byteLength, k.s + '');\n"
        "print(c('\\ud800x') === '\\ud800x', c(-0) === 0, Object.is(c(NaN), NaN), c(undefined));",
        "true true 3 false true 5 /x/g null undefined true true r 1.5 2 boxed\ntrue true true undefined\n");
    KIT_CHECK_RUN("for (const v of [() => 1, Symbol('s'), { f() {} }, new WeakMap(), Promise.resolve(), new "
                  "Proxy({}, {}),"
                  " new WebAssembly.Memory({ initial: 1 }), globalThis])\n"
                  "  try { mf.structuredClone(v); print('cloned') } catch (e) { print(e.name, e.message) }",
                  "Error () => 1 could not be cloned.\nError Symbol(s) could not be cloned.\n"
                  "Error f() {} could not be cloned.\nError #<WeakMap> could not be cloned.\n"
                  "Error #<Promise> could not be cloned.\nError #<Object> could not be cloned.\n"
                  "Error #<Memory> could not be cloned.\nError #<Object> could not be cloned.\n");
    KIT_CHECK_RUN(
        "mf.setDataCloneError((m) => { const e = new TypeError(m); e.name = 'DataCloneError'; return e });\n"
        "try { mf.structuredClone(() => 1) } catch (e) { print(e.name, e instanceof TypeError) }\n"
        "try { mf.structuredClone({ get x() { throw 7 } }) } catch (e) { print(e) }\n"
        "let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep];\n"
        "try { mf.structuredClone(deep) } catch (e) { print(e.name) }",
        "DataCloneError true\n7\nRangeError\n");
}

static void test_clone_transfer(void)
{
    KIT_CHECK_RUN(
        "const b = new Uint8Array([1, 2, 3]).buffer, r = new ArrayBuffer(2, { maxByteLength: 9 });\n"
        "const k = mf.structuredClone({ b, again: b, r }, [b, r]);\n"
        "print(b.detached, r.detached, new Uint8Array(k.b), k.again === k.b, k.r.maxByteLength);\n"
        "const t = (v, l) => { try { mf.structuredClone(v, l); print('fine') } catch (e) { print(e.message) "
        "} };\n"
        "t(1, [b]); t(1, [{}]); const c = new ArrayBuffer(1); t(1, [c, c]);\n"
        "const d = new ArrayBuffer(8); t({ get x() { d.transfer(); return 1 } }, [d]);\n"
        "const w = new WebAssembly.Memory({ initial: 1 }); t(1, [w.buffer]); t(w.buffer, []); t(1, 'no "
        "list');",
        "true true bytes(1,2,3) true 9\nAn ArrayBuffer is detached and could not be cloned.\n"
        "Value not transferable\nArrayBuffer occurs in the transfer list more than once\n"
        "An ArrayBuffer is detached and could not be cloned.\n"
        "An ArrayBuffer is detached and could not be cloned.\nfine\nfine\n");
    /* A list that changes while it is read cannot make two things of one. */
    KIT_CHECK_RUN("const a = new ArrayBuffer(1), b = new ArrayBuffer(2), list = [a];\n"
                  "Object.defineProperty(list, 0, { get() { this.n = (this.n ?? 0) + 1; return this.n === 1 "
                  "? a : b } });\n"
                  "mf.structuredClone(0, list); print(a.detached, b.detached);",
                  "true false\n");
}

static void test_clone_handlers(void)
{
    KIT_CHECK_RUN("class Point { #x; constructor(x) { this.#x = x } static is(o) { return #x in o } get x() "
                  "{ return this.#x } }\n"
                  "let asked = 0; mf.setCloneHandlers((o) => (asked++, Point.is(o) ? [7, { x: o.x, inner: "
                  "[o.x] }] : null),\n"
                  "  (tag, v) => { print('read', tag); return new Point(v.x * 2) });\n"
                  "const k = mf.structuredClone({ p: new Point(21), plain: { a: 1 }, other: new (class A { y "
                  "= 1 })() });\n"
                  "print(k.p instanceof Point, k.p.x, k.plain.a, k.other.y, asked);\n"
                  "mf.setCloneHandlers(() => { throw new Error('in write') }, () => 1);\n"
                  "try { mf.structuredClone(new Point(1)) } catch (e) { print(e.message) }\n"
                  "mf.setCloneHandlers((o) => [1, 1], () => 1);\n"
                  "try { mf.structuredClone(new Point(1)) } catch (e) { print(e.message) }\n"
                  "mf.setCloneHandlers((o) => ['x'], () => 1);\n"
                  "try { mf.structuredClone(new Point(1)) } catch (e) { print(e.message) }",
                  "read 7\ntrue 42 1 1 2\nin write\ninternals: a clone handler answered wrongly\n"
                  "internals: a clone handler answered wrongly\n");
}

static void test_utf8(void)
{
    KIT_CHECK_RUN(
        "print(mf.utf8Encode('a\u00e4\u6f22\U0001f600\\ud800'));\n"
        "print(mf.utf8Decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]), false, false).length,"
        " mf.utf8Decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]), false, true).length);\n"
        "print(mf.utf8Decode(new Uint8Array([0xf0, 0x9f, 0x98, 97, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xff])));\n"
        "for (const b of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe6, "
        "0xbc]])\n"
        "  try { mf.utf8Decode(new Uint8Array(b), true); print('decoded') } catch (e) { print(e.name) }\n"
        "print(mf.utf8Decode(new Uint8Array([0, 0xc3, 0xa4, 0]).subarray(1, 3), true),"
        " mf.utf8Decode(new DataView(new Uint8Array([98, 99]).buffer, 1)), mf.utf8Decode(new ArrayBuffer(0)) "
        "=== '');\n"
        "const gone = new ArrayBuffer(5); gone.transfer(); print(mf.utf8Decode(gone) === '');\n"
        "try { mf.utf8Decode('text') } catch (e) { print(e.name) }\n"
        "print(mf.isUtf8(new Uint8Array([0xc3, 0xa4])), mf.isUtf8(new Uint8Array([0xc3])));",
        "bytes(97,195,164,230,188,162,240,159,152,128,239,191,189)\n1 2\n"
        "\ufffda\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\nTypeError\nTypeError\nTypeError\nTypeError\nTypeError\n"
        "\u00e4 c true\ntrue\nTypeError\ntrue false\n");
    KIT_CHECK_RUN("const into = (s, n) => { const b = new Uint8Array(n), r = mf.utf8EncodeInto(s, b);\n"
                  "  return `${Math.floor(r / 2 ** 26)} ${r % 2 ** 26} ${b}` };\n"
                  "print(into('a\u6f22b', 3)); print(into('a\u6f22b', 5)); print(into('\U0001f600', 3)); "
                  "print(into('x', 0));\n"
                  "print(mf.utf8EncodeInto('x'.repeat(2 ** 26), new Uint8Array(2 ** 26)));\n"
                  "print(mf.utf8Decode(mf.utf8Encode('\u00e4'.repeat(1e6))) === '\u00e4'.repeat(1e6));",
                  "1 1 97,0,0\n3 5 97,230,188,162,98\n0 0 0,0,0\n0 0 \n67108864,67108864\ntrue\n");
}

static void test_describe(void)
{
    KIT_CHECK_RUN("const at = (e) => { const d = mf.describeError(e); print(d && `${d.module} "
                  "${d.line}:${d.column} ${d.sourceLine}`) };\n"
                  "const e1 = new Error('x');\n"
                  "at(e1); at(7); at({ stack: 'fake' }); at(null); at(new Proxy(e1, {}));\n"
                  "Error.prepareStackTrace = () => { throw 1 }; at(new TypeError('y'));\n"
                  "try { null.f } catch (e) { at(e) }\n"
                  "try { mf.ops.print(1) } catch (e) { at(e) }\n"
                  "const evil = new Error('z'); Object.defineProperty(evil, 'stack', { get() { print('ran') "
                  "} }); at(evil);",
                  "main.js 2:12 const e1 = new Error('x');\nnull\nnull\nnull\nnull\n"
                  "main.js 4:49 Error.prepareStackTrace = () => { throw 1 }; at(new TypeError('y'));\n"
                  "main.js 5:12 try { null.f } catch (e) { at(e) }\n"
                  "main.js 6:14 try { mf.ops.print(1) } catch (e) { at(e) }\n"
                  "main.js 7:14 const evil = new Error('z'); Object.defineProperty(evil, 'stack', { get() { "
                  "print('ran') } }); at(evil);\n");
    KIT_CHECK_RUN(
        "print(JSON.stringify(mf.previewEntries(new Map([[1, 'a'], [2, 'b']]))),"
        " JSON.stringify(mf.previewEntries(new Set([3]))),"
        " JSON.stringify(mf.previewEntries(new Map([[4, 5]]).entries())), mf.previewEntries({}), "
        "mf.previewEntries(1));\n"
        "const t = {}, h = {}, [a, b] = mf.proxyDetails(new Proxy(t, h)); print(a === t, b === h, "
        "mf.proxyDetails(t));\n"
        "print(mf.promiseDetails(new Promise(() => 0)).join(), mf.promiseDetails(Promise.resolve(5)).join(),"
        " mf.promiseDetails(Object.assign(Promise.reject(6), { x: 1 }).finally(() => 0) && 1),"
        " mf.promiseDetails({ then() {} }));\n"
        "class Foo {} print(mf.constructorName(new Foo()), mf.constructorName({}), mf.constructorName([]),"
        " mf.constructorName(new Proxy(new Foo(), { get() { print('ran') }, getPrototypeOf() { print('ran') "
        "} })) === '',"
        " mf.constructorName({ get constructor() { print('ran') } }), mf.constructorName(null) === '');",
        "[1,\"a\",2,\"b\"] [3] [4,5] undefined undefined\ntrue true undefined\n0, 1,5 undefined undefined\n"
        "Foo Object Array true Object true\n");
}

static void test_type_of(void)
{
    KIT_CHECK_RUN(
        "import * as self from './main.js'; const v = { arraybuffer: new ArrayBuffer(1), dataview: new "
        "DataView(new ArrayBuffer(1)), "
        "typedarray: new Int8Array(1),"
        " map: new Map(), set: new Set(), weakmap: new WeakMap(), weakset: new WeakSet(), weakref: new "
        "WeakRef({}),"
        " date: new Date(), regexp: /x/, promise: Promise.resolve(), proxy: new Proxy([], {}), error: new "
        "TypeError(),"
        " generator: (function* () {})(), function: () => 1, asyncfunction: async () => 1, module: self,"
        " boxed: Object(1n), arguments: (function () { return arguments })(), array: [], object: { "
        "[Symbol.toStringTag]: 'Map' },"
        " undefined: undefined, number: 1, string: '', boolean: true, bigint: 1n, symbol: Symbol(),"
        " sharedarraybuffer: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer };\n"
        "let wrong = 0; for (const [k, x] of Object.entries(v)) if (mf.typeOf(x) !== k) print(++wrong, k, "
        "mf.typeOf(x));\n"
        "print(Object.keys(v).length, mf.typeOf(null))",
        "28 object\n");
}

static void test_rejections(void)
{
    KIT_CHECK_RUN("globalThis.onreject = (kind, reason) => print('kind', kind, reason);\n"
                  "const p = Promise.reject('r'); await null; p.catch(() => 0); await null;\n"
                  "Promise.resolve().then(() => { throw 'thrown' }); await null; await null;\n"
                  "const registry = new FinalizationRegistry(() => { throw 'finaliser' });\n"
                  "(() => registry.register({}, 1))(); await null;\n"
                  "for (let i = 0; i < 300; i++) new ArrayBuffer(4e6); print('end')",
                  "kind 0 r\nkind 1 undefined\nkind 0 thrown\nend\nkind 2 finaliser\n");
}

static void test_tools(void)
{
    struct mf_isolate_options options = {UINT64_C(256) << 20, true};
    struct mf_isolate_limits limits = {UINT64_C(128) << 20, false};
    struct mf_isolate_host host;
    struct mf_isolate *isolate = NULL;
    static const char source[] =
        "const five = mf.asset('five'); print(mf.isTool(), mf.utf8Decode(five), five !== mf.asset('five'));\n"
        "try { mf.asset('six') } catch (e) { print(e.message) }\n"
        "const m = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); print(m);\n"
        "print(await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof "
        "WebAssembly.Module)";
    struct mf_module module = {
        .kind = MF_MODULE_ESM, .name = mf_slice_of_cstr("main.js"), .body = mf_slice_of_cstr(source)};
    kit_host_init(&host);
    MF_CHECK_INT(mf_isolate_new(&options, &isolate), 0);
    mf_isolate_attach(isolate, &host, &limits);
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    mf_isolate_free(isolate);
    MF_CHECK_TEXT(
        mf_slice_of_cstr(kit_text(&host)),
        "true 12345 true\ninternals.asset: no such asset: six\n[object WebAssembly.Module]\ntrue\n");
    KIT_CHECK_RUN("print(mf.isTool()); try { mf.asset('five') } catch (e) { print(e.message) }",
                  "false\ninternals.asset: only for tools\n");
}

/* What a script does to the language must not reach what the engine does for the runtime. */
static void test_polluted_prototypes(void)
{
    KIT_CHECK_RUN(
        "const p = print, m = mf; const bad = () => { p('ran'); throw 1 };\n"
        "for (const proto of [Object.prototype, Array.prototype])\n"
        "  for (const k of ['0', '1', 'get', 'set', 'value', 'writable', 'module', 'line', "
        "'default', 'exports'])\n"
        "    Object.defineProperty(proto, k, { __proto__: null, get: bad, set: bad, configurable: true });\n"
        "for (const k of ['call', 'apply', 'bind']) Function.prototype[k] = bad;\n"
        "const a = m.structuredClone({ x: 'y' }), d = m.describeError(new Error('e')), e = "
        "m.previewEntries(new Map([[7, 8]]));\n"
        "const t = (await import('cloudflare:workers')).env.NAME;\n"
        "for (const proto of [Object.prototype, Array.prototype])\n"
        "  for (const k of ['0', '1', 'get', 'set', 'value', 'writable', 'module', 'line', "
        "'default', 'exports']) delete proto[k];\n"
        "p(a.x, d.line, e.length, t)",
        "y 6 2 x\n");
}

int main(void)
{
    kit_init(true);
    MF_RUN(test_clone);
    MF_RUN(test_clone_transfer);
    MF_RUN(test_clone_handlers);
    MF_RUN(test_utf8);
    MF_RUN(test_describe);
    MF_RUN(test_type_of);
    MF_RUN(test_rejections);
    MF_RUN(test_tools);
    MF_RUN(test_polluted_prototypes);
    return 0;
}
