import assert from "node:assert/strict";
import { buildSchema, graphql, parse, printSchema, subscribe, validate } from "graphql";
import { worker } from "./cases.js";

const schema = buildSchema(`
  type User { id: ID!, name: String!, friends(first: Int = 2): [User!]! }
  type Query { user(id: ID!): User, boom: String }
  type Mutation { rename(id: ID!, name: String!): User! }
  type Subscription { tick: Int! }`);
const users = { 1: { id: 1, name: "Ada" }, 2: { id: 2, name: "Bob" }, 3: { id: 3, name: "Cy" } };
for (const user of Object.values(users)) user.friends = ({ first }) => Object.values(users).filter((other) => other !== user).slice(0, first);
const rootValue = {
  user: async ({ id }) => users[id], boom: () => { throw new Error("boom"); }, rename: ({ id, name }) => Object.assign(users[id], { name }),
  async *tick() { for (const tick of [1, 2, 3]) yield { tick }; },
};

export default worker({
  "queries with variables, fragments and nesting": async () => {
    const { data, errors } = await graphql({ schema, rootValue, source: "query Q($id: ID!) { user(id: $id) { ...F friends(first: 1) { ...F } } } fragment F on User { id name }", variableValues: { id: "1" } });
    assert.equal(errors, undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(data)), { user: { id: "1", name: "Ada", friends: [{ id: "2", name: "Bob" }] } });
  },
  "mutations, and errors with their paths": async () => {
    const renamed = await graphql({ schema, rootValue, source: 'mutation { rename(id: 3, name: "Di") { name } }' });
    assert.equal(renamed.data.rename.name, "Di");
    const { data, errors } = await graphql({ schema, rootValue, source: "{ boom user(id: 9) { id } }" });
    assert.deepEqual([data.boom, data.user, errors[0].message, errors[0].path], [null, null, "boom", ["boom"]]);
  },
  "validation and printing": () => {
    assert.match(validate(schema, parse("{ user(id: 1) { nme } }"))[0].message, /Cannot query field "nme"/);
    assert.match(printSchema(schema), /friends\(first: Int = 2\): \[User!\]!/);
    assert.throws(() => parse("{ a"), /Syntax Error: Expected Name, found <EOF>/);
  },
  "subscriptions": async () => {
    const seen = [];
    for await (const { data } of await subscribe({ schema, rootValue, document: parse("subscription { tick }") })) seen.push(data.tick);
    assert.deepEqual(seen, [1, 2, 3]);
  },
});
