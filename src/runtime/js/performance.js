// performance: the time since the run began.
//
// Spec:  https://w3c.github.io/hr-time/
// Covers / differs:  marks and measures are not here yet. now() stands still during a turn, as on Cloudflare
// Ops:   none
// WPT:   hr-time
// Limits: none

'use strict';

const { TypeError, realm } = primordials;
const { webidl, scope } = realm;
const { clock } = internals;

function illegal(token) {
    if (token !== realm) {
        throw new TypeError('Illegal constructor');
    }
}

class Performance {
    #brand = true;

    constructor(token = undefined) {
        illegal(token);
    }

    get timeOrigin() {
        this.#brand;
        return scope.startedAt;
    }

    now() {
        this.#brand;
        return clock() - scope.startedAt;
    }

    toJSON() {
        this.#brand;
        return { timeOrigin: scope.startedAt };
    }
}
webidl.finish(Performance);

return { __proto__: null, Performance, performance: new Performance(realm) };
