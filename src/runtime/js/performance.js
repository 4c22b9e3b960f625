// performance: the time since the run began; marks and measures are in performance_timeline.js.
//
// Spec:  https://w3c.github.io/hr-time/  https://w3c.github.io/user-timing/
// Covers / differs:  now() stands still during a turn, as on Cloudflare; there are no resource timings
// Ops:   none
// WPT:   hr-time, user-timing, performance-timeline
// Limits: none

'use strict';

const { ObjectSetPrototypeOf, TypeError, realm } = primordials;
const { webidl, scope } = realm;
const { clock } = internals;

const timeline = () => internals.lazy('performance_timeline.js');

class Performance {
    #brand = true;

    constructor(token = undefined) {
        if (token !== realm) {
            throw new TypeError('Illegal constructor');
        }
    }

    get timeOrigin() {
        this.#brand;
        return scope.startedAt;
    }

    now() {
        this.#brand;
        return clock() - scope.startedAt;
    }

    mark(name, options = undefined) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'mark' on 'Performance'");
        return timeline().mark(name, options);
    }

    measure(name, startOrOptions = undefined, endMark = undefined) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'measure' on 'Performance'");
        return timeline().measure(name, startOrOptions, endMark);
    }

    clearMarks(name = undefined) {
        this.#brand;
        timeline().clear('mark', name);
    }

    clearMeasures(name = undefined) {
        this.#brand;
        timeline().clear('measure', name);
    }

    getEntries() {
        this.#brand;
        return timeline().entriesOf(undefined, undefined);
    }

    getEntriesByType(type) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByType' on 'Performance'");
        return timeline().entriesOf(undefined, type);
    }

    getEntriesByName(name, type = undefined) {
        this.#brand;
        webidl.requireArguments(arguments.length, 1, "Failed to execute 'getEntriesByName' on 'Performance'");
        return timeline().entriesOf(name, type);
    }

    toJSON() {
        this.#brand;
        return { timeOrigin: scope.startedAt };
    }
}
webidl.finish(Performance);
const performance = new Performance(realm);

// It is an EventTarget, which nobody asks of it: that file is loaded when one of these is touched, or the class itself.
if (realm.eventTarget !== undefined) {
    realm.eventTarget.adopt(performance, Performance);
} else {
    const late = {};
    internals.setLazy(late, 'addEventListener', 'performance_events.js', true);
    internals.setLazy(late, 'removeEventListener', 'performance_events.js', true);
    internals.setLazy(late, 'dispatchEvent', 'performance_events.js', true);
    ObjectSetPrototypeOf(Performance.prototype, late);
    realm.performance = { __proto__: null, object: performance, constructor: Performance };
}

return { __proto__: null, Performance, performance };
