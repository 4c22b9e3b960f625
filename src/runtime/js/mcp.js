// mcp: namespaces of a program that are MCP servers, called over the run's own fetch.
//
// Spec:  https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
// Covers / differs:  streamable HTTP, answers as JSON or as an event stream that ends; sessions; tools/call, and tools/list
//        as the name "rpc:tools/list"; what is asked of a client (sampling, elicitation) is not answered. Results are
//        unwrapped as @cloudflare/codemode does. Credentials are the outbound's to add
// Ops:   those of fetch
// WPT:   none; tests/integration/mcp
// Limits: MF_RUN_SUBREQUESTS_*, PAGES_MAX
//
// Loaded before any code of the program: the methods of Response are taken while they are what we made them.

'use strict';

const {
    ArrayIsArray, Error, JSONParse, JSONStringify, Map, MapPrototypeGet, MapPrototypeSet, ObjectGetOwnPropertyDescriptor,
    ObjectPrototypeHasOwnProperty, ReflectApply, StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf,
    StringPrototypeSlice, StringPrototypeStartsWith, defineValue, realm,
} = primordials;
const { Headers, Response } = realm;

const VERSION = '2025-06-18';
const RPC = 'rpc:'; // names that are methods of the protocol, and no tools
const PAGES_MAX = 100; // of a list of tools
const RESERVED = ' await break case catch class const continue debugger default delete do else enum export extends false ' +
    'finally for function if import in instanceof new null return super switch this throw true try typeof var void while ' +
    'with yield let static implements interface package private protected public eval arguments ';

const { text: readText } = Response.prototype;
const { get: readStatus } = ObjectGetOwnPropertyDescriptor(Response.prototype, 'status');
const { get: readHeaders } = ObjectGetOwnPropertyDescriptor(Response.prototype, 'headers');
const { get: readHeader } = Headers.prototype;

function own(object, key) {
    const has = typeof object === 'object' && object !== null && ObjectPrototypeHasOwnProperty(object, key);
    return has ? object[key] : undefined;
}

/* ---- one message ------------------------------------------------------------------------------------ */

// The message of an event stream that answers |id|: events are parted by empty lines, data may be of several.
function findEvent(text, id) {
    let data = '';
    for (let start = 0; start <= text.length;) {
        const found = StringPrototypeIndexOf(text, '\n', start);
        const end = found < 0 ? text.length : found;
        const line = StringPrototypeSlice(text, start, end > start && text[end - 1] === '\r' ? end - 1 : end);
        if (StringPrototypeStartsWith(line, 'data:')) {
            data += StringPrototypeSlice(line, line[5] === ' ' ? 6 : 5);
        } else if (line === '' && data !== '') {
            const message = JSONParse(data);
            if (own(message, 'id') === id) {
                return message;
            }
            data = '';
        }
        start = end + 1;
    }
    return undefined;
}

async function post(server, message) {
    const headers = {
        __proto__: null, 'content-type': 'application/json', accept: 'application/json, text/event-stream',
    };
    if (server.version !== '') {
        headers['mcp-protocol-version'] = server.version;
    }
    if (server.session !== null) {
        headers['mcp-session-id'] = server.session;
    }
    const init = { __proto__: null, method: 'POST', headers, body: JSONStringify(message) };
    const response = await realm.fetch.fetch(server.url, init);
    const status = ReflectApply(readStatus, response, []);
    const list = ReflectApply(readHeaders, response, []);
    const text = await ReflectApply(readText, response, []);
    server.session = ReflectApply(readHeader, list, ['mcp-session-id']) ?? server.session;
    if (status < 200 || status > 299) {
        throw new Error(`The MCP server ${server.name} answered with ${status}.`);
    }
    const type = ReflectApply(readHeader, list, ['content-type']) ?? '';
    return { __proto__: null, text, isStream: StringPrototypeStartsWith(type, 'text/event-stream') };
}

async function request(server, method, params) {
    const id = ++server.lastId;
    const { text, isStream } = await post(server, { __proto__: null, jsonrpc: '2.0', id, method, params });
    const message = isStream ? findEvent(text, id) : JSONParse(text);
    const error = own(message, 'error');
    if (error !== undefined) {
        const failure = new Error(`${own(error, 'message')}`);
        defineValue(failure, 'code', own(error, 'code'), true);
        throw failure;
    }
    if (own(message, 'id') !== id) {
        throw new Error(`The MCP server ${server.name} did not answer.`);
    }
    return own(message, 'result');
}

async function connect(server) {
    const result = await request(server, 'initialize', {
        __proto__: null, protocolVersion: VERSION, capabilities: { __proto__: null },
        clientInfo: { __proto__: null, name: 'mayfly', version: '1' },
    });
    server.version = `${own(result, 'protocolVersion')}`;
    await post(server, { __proto__: null, jsonrpc: '2.0', method: 'notifications/initialized' });
}

/* ---- tools ------------------------------------------------------------------------------------------- */

function joinTexts(content) {
    let text = '';
    for (let i = 0; i < content.length; i++) {
        const part = own(content[i], 'text');
        text += typeof part === 'string' ? (text === '' ? part : `\n${part}`) : '';
    }
    return text;
}

function isAllText(content) {
    for (let i = 0; i < content.length; i++) {
        if (own(content[i], 'type') !== 'text') {
            return false;
        }
    }
    return content.length > 0;
}

function unwrap(result) {
    const content = ArrayIsArray(own(result, 'content')) ? result.content : [];
    if (own(result, 'toolResult') !== undefined) {
        return result.toolResult;
    }
    if (own(result, 'isError') === true) {
        throw new Error(joinTexts(content) || 'The tool failed.');
    }
    if (own(result, 'structuredContent') !== undefined) {
        return result.structuredContent;
    }
    if (!isAllText(content)) {
        return result;
    }
    const text = joinTexts(content);
    try {
        return JSONParse(text);
    } catch {
        return text;
    }
}

async function listTools(server) {
    const tools = [];
    let cursor;
    for (let page = 0; page < PAGES_MAX; page++) {
        const result = await request(server, 'tools/list', cursor === undefined ? {} : { __proto__: null, cursor });
        const more = own(result, 'tools');
        for (let i = 0; ArrayIsArray(more) && i < more.length; i++) {
            defineValue(tools, tools.length, more[i], true);
        }
        cursor = own(result, 'nextCursor');
        if (typeof cursor !== 'string') {
            break;
        }
    }
    return tools;
}

// What a tool is called in a declaration (POST /v1/tools/types): dashes, dots and blanks become "_", what no identifier may
// have is left out.
function identifierOf(name) {
    let out = '';
    for (let i = 0; i < name.length; i++) {
        const c = StringPrototypeCharCodeAt(name, i);
        const isDigit = c >= 48 && c <= 57;
        if (c === 45 || c === 46 || c === 32 || (c >= 9 && c <= 13)) {
            out += '_';
        } else if (isDigit || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 36) {
            out += `${isDigit && out === '' ? '_' : ''}${name[i]}`;
        }
    }
    return StringPrototypeIncludes(RESERVED, ` ${out} `) ? `${out}_` : out || '_';
}

// Names as declared, to names as the server has them; a server that has one as it is declared keeps it.
async function readNames(server) {
    const tools = await listTools(server);
    const names = new Map();
    for (let pass = 0; pass < 2; pass++) {
        for (let i = 0; i < tools.length; i++) {
            const name = own(tools[i], 'name');
            if (typeof name === 'string') {
                MapPrototypeSet(names, pass === 0 ? identifierOf(name) : name, name);
            }
        }
    }
    return names;
}

async function call(server, name, argument) {
    server.connected ??= connect(server);
    try {
        await server.connected;
    } catch (error) {
        server.connected = null; // The next call tries again.
        throw error;
    }
    if (name === `${RPC}tools/list`) {
        return await listTools(server);
    }
    server.names ??= readNames(server);
    const raw = MapPrototypeGet(await server.names, name) ?? name;
    return unwrap(await request(server, 'tools/call', { __proto__: null, name: raw, arguments: argument ?? {} }));
}

// The function of a namespace: call(tool, argument).
function open(name, url) {
    const server = {
        __proto__: null, name, url, version: '', session: null, lastId: 0, connected: null, names: null,
    };
    return (tool, argument) => call(server, tool, argument);
}

return { __proto__: null, open };
