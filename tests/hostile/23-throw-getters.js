// {"case": 23, "outcome": "exception", "error": "."}
export default { fetch() { throw { get message() { throw 1; }, get stack() { throw 2; }, get name() { throw 3; }, toJSON() { throw 4; }, toString() { throw 5; }, [Symbol.toPrimitive]() { throw 6; } }; } };
