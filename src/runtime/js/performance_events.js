// What performance inherits from EventTarget, for its first touch.
//
// Spec:  https://w3c.github.io/hr-time/#sec-performance
// Covers / differs:  see performance.js
// Ops:   none
// WPT:   hr-time
// Limits: none

'use strict';

const { addEventListener, removeEventListener, dispatchEvent } = internals.lazy('event_target.js').EventTarget.prototype;

return { __proto__: null, addEventListener, removeEventListener, dispatchEvent };
