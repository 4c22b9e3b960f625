// Tasks of the runtime's own, each in a turn of its own: its microtasks are done before the next one.
//
// Spec:  https://html.spec.whatwg.org/multipage/webappapis.html#queue-a-task
// Covers / differs:  one queue for all
// Ops:   none (timers.js)
// WPT:   none
// Limits: none; waiting tasks are memory of the run

'use strict';

const { List, realm } = primordials;

let tasks = List();
let first = 0;

function step() {
    const task = tasks[first];
    tasks[first] = undefined;
    first++;
    if (first < tasks.length) {
        realm.afterTurn(step);
    } else {
        tasks = List();
        first = 0;
    }
    task();
}

function queueTask(task) {
    tasks[tasks.length] = task;
    if (tasks.length === 1) {
        realm.afterTurn(step);
    }
}

return { __proto__: null, queueTask };
