// console: lines for the run's log. Strings go straight through; anything else is formatted by inspect.js.
//
// Spec:  https://console.spec.whatwg.org/
// Covers / differs:  all; clear, profile and timeStamp do nothing
// Ops:   log
// WPT:   console
// Limits: MF_RUN_LOG_BYTES_MAX for one line here; the host cuts and counts the rest

'use strict';

const {
    Error, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, ObjectDefineProperty,
    ObjectSetPrototypeOf, StringPrototypeIncludes, StringPrototypeIndexOf, StringPrototypeRepeat, StringPrototypeSlice,
    defineValue, realm,
} = primordials;
const { webidl } = realm;
const { ops, clock, constants } = internals;

const { CONSOLE_DEBUG, CONSOLE_INFO, CONSOLE_LOG, CONSOLE_WARN, CONSOLE_ERROR, RUN_LOG_BYTES_MAX } = constants;
const GROUPS_MAX = 32;

let depth = 0; // of groups
let counters = null;
let clocks = null;

function format(args, start = 0) {
    if (args.length === start + 1 && typeof args[start] === 'string') {
        return args[start];
    }
    if (args.length <= start) {
        return '';
    }
    try {
        return internals.lazy('inspect_format.js').format(args, start);
    } catch {
        return '[a value that cannot be shown]';
    }
}

function indent(text) {
    const margin = StringPrototypeRepeat('  ', depth);
    if (!StringPrototypeIncludes(text, '\n')) {
        return margin + text;
    }
    let out = '';
    for (let start = 0; ;) {
        const end = StringPrototypeIndexOf(text, '\n', start);
        out += margin + StringPrototypeSlice(text, start, end < 0 ? text.length : end + 1);
        if (end < 0) {
            return out;
        }
        start = end + 1;
    }
}

function print(method, text) {
    if (text.length > RUN_LOG_BYTES_MAX) {
        text = StringPrototypeSlice(text, 0, RUN_LOG_BYTES_MAX);
    }
    ops.log(method, depth === 0 ? text : indent(text));
}

function labelOf(label) {
    return label === undefined ? 'default' : webidl.domString(label);
}

function elapsed(label, verb) {
    const start = clocks === null ? undefined : MapPrototypeGet(clocks, label);
    if (start === undefined) {
        print(CONSOLE_WARN, `${verb}: there is no timer '${label}'`);
        return null;
    }
    return `${label}: ${clock() - start}ms`;
}

function count(label) {
    counters ??= new Map();
    const next = (MapPrototypeGet(counters, label) ?? 0) + 1;
    MapPrototypeSet(counters, label, next);
    return `${label}: ${next}`;
}

function enterGroup(args) {
    if (args.length > 0) {
        print(CONSOLE_LOG, format(args));
    }
    depth += depth < GROUPS_MAX ? 1 : 0;
}

const methods = {
    __proto__: null,
    assert: {
        assert(condition = false, ...data) {
            if (condition) {
                return;
            }
            if (typeof data[0] === 'string') {
                data[0] = `Assertion failed: ${data[0]}`;
                print(CONSOLE_ERROR, format(data));
            } else {
                print(CONSOLE_ERROR, data.length === 0 ? 'Assertion failed' : `Assertion failed ${format(data)}`);
            }
        },
    },
    clear: {
        clear() {
            depth = 0;
        },
    },
    count: {
        count(label = undefined) {
            print(CONSOLE_INFO, count(labelOf(label)));
        },
    },
    countReset: {
        countReset(label = undefined) {
            label = labelOf(label);
            if (counters === null || !MapPrototypeHas(counters, label)) {
                print(CONSOLE_WARN, `countReset: there is no counter '${label}'`);
            } else {
                MapPrototypeSet(counters, label, 0);
            }
        },
    },
    debug: {
        debug(...data) {
            print(CONSOLE_DEBUG, format(data));
        },
    },
    dir: {
        dir(item = undefined, options = undefined) {
            print(CONSOLE_LOG, internals.lazy('inspect.js').inspect(item, options));
        },
    },
    dirxml: {
        dirxml(...data) {
            print(CONSOLE_LOG, format(data));
        },
    },
    error: {
        error(...data) {
            print(CONSOLE_ERROR, format(data));
        },
    },
    group: {
        group(...data) {
            enterGroup(data);
        },
    },
    groupCollapsed: {
        groupCollapsed(...data) {
            enterGroup(data);
        },
    },
    groupEnd: {
        groupEnd() {
            depth -= depth > 0 ? 1 : 0;
        },
    },
    info: {
        info(...data) {
            print(CONSOLE_INFO, format(data));
        },
    },
    log: {
        log(...data) {
            print(CONSOLE_LOG, format(data));
        },
    },
    profile: {
        profile() {},
    },
    profileEnd: {
        profileEnd() {},
    },
    table: {
        table(data = undefined, properties = undefined) {
            print(CONSOLE_LOG, internals.lazy('inspect_format.js').table(data, properties));
        },
    },
    time: {
        time(label = undefined) {
            label = labelOf(label);
            clocks ??= new Map();
            if (MapPrototypeHas(clocks, label)) {
                print(CONSOLE_WARN, `time: the timer '${label}' is there already`);
            } else {
                MapPrototypeSet(clocks, label, clock());
            }
        },
    },
    timeEnd: {
        timeEnd(label = undefined) {
            label = labelOf(label);
            const text = elapsed(label, 'timeEnd');
            if (text !== null) {
                print(CONSOLE_INFO, text);
                MapPrototypeDelete(clocks, label);
            }
        },
    },
    timeLog: {
        timeLog(label = undefined, ...data) {
            const text = elapsed(labelOf(label), 'timeLog');
            if (text !== null) {
                print(CONSOLE_LOG, data.length === 0 ? text : `${text} ${format(data)}`);
            }
        },
    },
    timeStamp: {
        timeStamp() {},
    },
    trace: {
        trace(...data) {
            const stack = realm.errors.peek(new Error(''), 'stack');
            const text = data.length === 0 ? 'Trace' : `Trace: ${format(data)}`;
            const frames = typeof stack === 'string' ? realm.errors.withoutOwnFrames(stack) : '';
            const at = StringPrototypeIndexOf(frames, '\n');
            print(CONSOLE_LOG, at < 0 ? text : text + StringPrototypeSlice(frames, at));
        },
    },
    warn: {
        warn(...data) {
            print(CONSOLE_WARN, format(data));
        },
    },
};

const console = ObjectSetPrototypeOf({}, {});
for (const name in methods) {
    defineValue(console, name, methods[name][name], true);
}
ObjectDefineProperty(console, primordials.SymbolToStringTag, {
    __proto__: null, value: 'console', writable: false, enumerable: false, configurable: true,
});
realm.console = console;
