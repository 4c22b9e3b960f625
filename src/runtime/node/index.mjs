// index.mjs - which module stands behind which name. None is made before it is asked for: require() in this file is esbuild's, and
// keeps each of them asleep until then.
/* global require */
import { missing } from './errors.mjs';
import { files, stream } from './host.mjs';
import stubs from 'mayfly:stubs';

const MAKERS = {
    assert: () => require('./assert.mjs').default,
    'assert/strict': () => require('./assert.mjs').strict,
    async_hooks: () => require('./async_hooks.mjs').default,
    buffer: () => require('./buffer.mjs').default,
    console: () => Object.assign(Object.create(console), console),
    crypto: () => require('./crypto.mjs').default,
    diagnostics_channel: () => flat(require('unenv/node/diagnostics_channel')),
    events: () => require('./events.mjs').default,
    fs: () => files(),
    'fs/promises': () => files().promises,
    os: () => require('./system.mjs').os,
    path: () => require('./path.mjs').default,
    'path/posix': () => require('./path.mjs').default,
    'path/win32': () => require('./path.mjs').default,
    perf_hooks: () => require('./system.mjs').perfHooks,
    process: () => require('./process.mjs').default,
    punycode: () => flat(require('unenv/node/punycode')),
    querystring: () => flat(require('unenv/node/querystring')),
    stream: () => stream().default,
    'stream/promises': () => stream().promises,
    'stream/consumers': () => require('./stream_more.mjs').consumers,
    'stream/web': () => require('./stream_more.mjs').web,
    string_decoder: () => require('string_decoder/'),
    sys: () => load('util'),
    timers: () => require('./timers.mjs').default,
    'timers/promises': () => require('./timers.mjs').promises,
    url: () => ({ ...flat(require('unenv/node/url')), URL, URLSearchParams }),
    util: () => require('./util.mjs').default,
    zlib: () => require('./zlib.mjs').default,
    'util/types': () => require('./types.mjs').default,
};

// Both the names that it exports and those of its default export.
function flat({ default: main, ...named }) {
    return { ...main, ...named };
}

// Imported by code that may never use them: every name is there, and says so when it is called.
function stub(name) {
    const made = {};
    for (const key of stubs[name]) {
        made[key] = key === 'constants' ? {} : key === 'promises' ? load(`${name}/promises`) : missing(`node:${name}.${key}`);
    }
    return made;
}

const made = new Map();
export function load(name) {
    if (!made.has(name)) {
        if (!Object.hasOwn(MAKERS, name) && !Object.hasOwn(stubs, name)) return undefined;
        made.set(name, Object.hasOwn(MAKERS, name) ? MAKERS[name]() : stub(name));
    }
    return made.get(name);
}

export const globals = {
    get Buffer() { return load('buffer').Buffer; },
    get process() { return load('process'); },
    get setImmediate() { return load('timers').setImmediate; },
    get clearImmediate() { return load('timers').clearImmediate; },
};
