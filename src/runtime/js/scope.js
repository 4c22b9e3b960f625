// scope: the state of the one run of this isolate that several APIs ask about.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/handlers/
// Covers / differs:  no I/O, timers or randomness before the first handler is called, with Cloudflare's sentence.
// Ops:   none
// WPT:   none
// Limits: none

'use strict';

const { Error, realm } = primordials;

const DISALLOWED = 'Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), ' +
    'setting a timeout, and generating random values are not allowed within global scope. To fix this error, perform this ' +
    'operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/';

const scope = {
    __proto__: null,
    isIoAllowed: false,
    isEnded: false,
    startedAt: 0, // internals.clock() when the run began.
    flags: null, // compatibility flags, an array of strings of ours.
    date: '',
    workspaces: '', // those that are mounted, as JSON; workspace.js reads it.
    requireIo() {
        if (!scope.isIoAllowed) {
            throw new Error(DISALLOWED);
        }
    },
};

realm.scope = scope;

// DOMException is rare: its file is loaded when the first one is made.
realm.domException = (message, name, quota) => internals.lazy('dom_exception.js').create(message, name, quota);
