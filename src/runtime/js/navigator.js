// navigator and Cloudflare: what the worker runs in.
//
// Spec:  https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object
//        https://developers.cloudflare.com/workers/runtime-apis/
// Covers / differs:  what servers have of it
// Ops:   none
// WPT:   none
// Limits: none

'use strict';

const { JSONParse, ObjectDefineProperty, ObjectSetPrototypeOf, TypeError, defineValue, realm } = primordials;
const { webidl, scope } = realm;

function illegal(token) {
    if (token !== realm) {
        throw new TypeError('Illegal constructor');
    }
}

class Navigator {
    #brand = true;

    constructor(token = undefined) {
        illegal(token);
    }

    get userAgent() {
        return this.#brand && 'Cloudflare-Workers';
    }

    get platform() {
        return this.#brand && 'Linux';
    }

    get language() {
        return this.#brand && 'en';
    }

    get languages() {
        return this.#brand && ['en'];
    }

    get hardwareConcurrency() {
        return this.#brand && 1;
    }
}
webidl.finish(Navigator);

function compatibilityFlags() {
    const result = ObjectSetPrototypeOf({}, null);
    const flags = typeof scope.flags === 'string' && scope.flags !== '' ? JSONParse(scope.flags) : [];
    for (let i = 0; i < flags.length; i++) {
        defineValue(result, flags[i], true, true);
    }
    return result;
}

const Cloudflare = {};
ObjectDefineProperty(Cloudflare, 'compatibilityFlags', {
    __proto__: null, value: compatibilityFlags(), writable: false, enumerable: true, configurable: false,
});

return { __proto__: null, Navigator, Cloudflare, navigator: new Navigator(realm) };
