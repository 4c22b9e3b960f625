// scheduler.wait: a promise for later.
//
// Spec:  https://developers.cloudflare.com/workers/runtime-apis/scheduler/
// Covers / differs:  wait
// Ops:   none (timers.js)
// WPT:   none
// Limits: none

'use strict';

const { PromiseReject, PromiseWithResolvers, TypeError, realm } = primordials;
const { webidl } = realm;

class Scheduler {
    #brand = true;

    wait(delay, options = undefined) {
        this.#brand;
        const { promise, resolve, reject } = PromiseWithResolvers();
        const signal = webidl.dictionary(options, "Failed to execute 'wait' on 'Scheduler'").signal;
        if (signal !== undefined && signal !== null) {
            if (realm.abort === null || !realm.abort.isSignal(signal)) {
                return PromiseReject(new TypeError('The signal is not an AbortSignal.'));
            }
            if (realm.abort.isAborted(signal)) {
                return PromiseReject(realm.abort.reason(signal));
            }
        }
        const id = realm.setTimer(delay, resolve);
        if (signal !== undefined && signal !== null) {
            realm.abort.onAbort(signal, (reason) => {
                realm.clearTimer(id);
                reject(reason);
            });
        }
        return promise;
    }
}

webidl.finish(Scheduler);

return { __proto__: null, scheduler: new Scheduler() };
