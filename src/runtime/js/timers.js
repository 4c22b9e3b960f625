// timers: setTimeout, setInterval and queueMicrotask.
//
// Spec:  https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html
// Covers / differs:  all but strings as callbacks (no eval): a TypeError, as on Cloudflare; no clamp to 4 ms
// Ops:   timerSet, timerClear
// WPT:   html/webappapis/timers, html/webappapis/microtask-queuing
// Limits: MF_RUN_TIMERS_MAX, enforced by the host
//
// Timer 0 is the runtime's own: it is due as soon as the turn under way has ended.

'use strict';

const { List, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ReflectApply, react, realm } = primordials;
const { webidl, scope } = realm;
const { ops, asyncContext, setAsyncContext } = internals;

let timers = null; // id -> {callback, args, delay, isRepeating}
let lastId = 0;
let afterTurn = null; // callbacks for timer 0

function start(callback, delay, args, isRepeating, context) {
    webidl.callback(callback, context);
    delay = webidl.integer(delay, 32, true);
    delay = delay < 0 ? 0 : delay;
    scope.requireIo();
    const id = ++lastId;
    ops.timerSet(id, delay);
    timers ??= new Map();
    MapPrototypeSet(timers, id, { __proto__: null, callback, args, delay, isRepeating, asyncContext: asyncContext() });
    return id;
}

function clear(id) {
    id = webidl.integer(id, 32, true);
    if (timers !== null && MapPrototypeDelete(timers, id)) {
        ops.timerClear(id);
    }
}

function setTimeout(callback, delay = 0, ...args) {
    return start(callback, delay, args, false, "Failed to execute 'setTimeout'");
}

function setInterval(callback, delay = 0, ...args) {
    return start(callback, delay, args, true, "Failed to execute 'setInterval'");
}

function clearTimeout(id = 0) {
    clear(id);
}

function clearInterval(id = 0) {
    clear(id);
}

// HTML: the callback's error is reported, the microtask queue goes on.
function queueMicrotask(callback) {
    webidl.requireArguments(arguments.length, 1, "Failed to execute 'queueMicrotask'");
    webidl.callback(callback, "Failed to execute 'queueMicrotask'");
    react(undefined, () => call(callback, undefined, List()), realm.reportUncaught);
}

function call(callback, self, args) {
    try {
        ReflectApply(callback, self, args);
    } catch (error) {
        realm.reportUncaught(error);
    }
}

function onTimer(id) {
    if (id === 0) {
        const callbacks = afterTurn;
        afterTurn = null;
        for (let i = 0; callbacks !== null && i < callbacks.length; i++) {
            callbacks[i]();
        }
        return;
    }
    const timer = timers === null ? undefined : MapPrototypeGet(timers, id);
    if (timer === undefined) {
        return; // cleared while the event was under way
    }
    if (!timer.isRepeating) {
        MapPrototypeDelete(timers, id);
    }
    setAsyncContext(timer.asyncContext);
    call(timer.callback, realm.global, timer.args);
    setAsyncContext(undefined);
    if (timer.isRepeating && MapPrototypeGet(timers, id) === timer) {
        ops.timerSet(id, timer.delay);
    }
}

// Calls |callback| in a turn of its own, once the microtasks of this one are done.
realm.afterTurn = (callback) => {
    if (afterTurn === null) {
        afterTurn = List();
        ops.timerSet(0, 0);
    }
    afterTurn[afterTurn.length] = callback;
};

// A timer of the runtime's own; not counted as the worker's doing.
realm.setTimer = (delay, callback) => start(callback, delay, List(), false, '');
realm.clearTimer = clear;

realm.timers = { __proto__: null, setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, onTimer };
