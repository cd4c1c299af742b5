import assert from 'node:assert/strict';
import test from 'node:test';

import { differences } from './gate.mjs';
import { goals } from './report.mjs';
import { template } from './template.mjs';

const before = {
  architecture: 'x64',
  operations: { status: { trips: ['Query'], instructions: 1000, allocations: 100 } },
  binaries: { jwks: 1000 },
};
const with_ = (figures, binaries = before.binaries) => ({
  ...before,
  operations: { status: { ...before.operations.status, ...figures } },
  binaries,
});

test('what stays within five in a hundred passes', () => {
  assert.deepEqual(differences(before, with_({ instructions: 1049, allocations: 96 }, { jwks: 1049 })), []);
});

test('each thing that grows is named with what it was and what it is', () => {
  const [instructions, allocations, bytes, ...rest] = differences(
    before,
    with_({ instructions: 1051, allocations: 106 }, { jwks: 1060 }),
  );
  assert.match(instructions, /status: instructions grew, from 1000 to 1051 \(5\.1 %\)/);
  assert.match(allocations, /status: allocations grew/);
  assert.match(bytes, /jwks: bytes of the binary grew/);
  assert.deepEqual(rest, []);
});

test('one more round trip, an unknown operation and a missing figure do not pass', () => {
  assert.match(differences(before, with_({ trips: ['Query', 'Query'] }))[0], /asks for Query, Query; it was Query/);
  assert.match(
    differences(before, { ...before, operations: { ...before.operations, other: before.operations.status } })[0],
    /not in the baseline/,
  );
  assert.match(differences(before, with_({ instructions: NaN }))[0], /instructions/);
  assert.match(differences(before, with_({}, { jwks: 1000, unknown: 5 }))[0], /unknown/);
});

test('what is not measured any more does not pass', () => {
  assert.deepEqual(differences(before, { ...before, operations: {}, binaries: {} }), [
    'status is in the baseline and was not measured',
    'jwks is in the baseline and has no binary',
  ]);
});

test('what shrinks is to be recorded', () => {
  assert.match(differences(before, with_({ instructions: 900 }))[0], /shrank: record the better figure/);
});

test('another architecture is held to round trips and allocations only', () => {
  const there = { ...with_({ instructions: 2000, allocations: 200 }, { jwks: 9000 }), architecture: 'arm64' };
  const [allocations, ...rest] = differences(before, there);
  assert.match(allocations, /status: allocations grew/);
  assert.deepEqual(rest, []);
});

test('a goal is missed by the worst of its figures, and by one that is missing', () => {
  const figures = { instructions: 100, allocations: 10, microseconds: 10, memory: 2 ** 20 };
  const of = (instructions) => ({ function: 'get-challenge', product: { ...figures, instructions }, floor: figures });
  const reached = (operations) => goals({ operations, starts: {}, sizes: {} })[0].reached;
  assert.equal(reached({ status: of(110) }), true);
  assert.equal(reached({ status: of(100), other: of(111) }), false);
  assert.equal(reached({ status: of(undefined), other: of(100) }), false);
  assert.deepEqual(goals({ operations: {}, starts: {}, sizes: {} }), []);
});

const request = (body) => [{ service: 'dynamodb', target: 'DynamoDB_20120810.GetItem', body: JSON.stringify(body) }];

test('a template keeps what all have in common and leaves a blank for what each has of their own', () => {
  const people = ['a', 'b'].map((name) => request({ TableName: 't', Key: { pk: { S: name } }, ConsistentRead: true }));
  const { requests, values } = template(people);
  assert.deepEqual(requests, [
    { operation: 'GetItem', body: { TableName: 't', Key: { pk: { S: { $: 0 } } }, ConsistentRead: true } },
  ]);
  assert.deepEqual(values, [['a'], ['b']]);
});

test('each person has events of another time', () => {
  const people = [1, 2].map((Time) => [
    { service: 'events', target: 'AWSEvents.PutEvents', body: JSON.stringify({ Entries: [{ Source: 's', Time }] }) },
  ]);
  const { requests, values } = template(people);
  assert.deepEqual(requests, [{ operation: 'PutEvents', body: { Entries: [{ Source: 's', Time: { $: 0 } }] } }]);
  assert.deepEqual(values, [['1'], ['2']]);
});

test('people whose requests are of another shape have no template', () => {
  assert.throws(() => template([request({ a: '1' }), request({ a: '1', b: '2' })]), /differ/);
  assert.throws(() => template([request({ a: 1 }), request({ a: 2 })]), /no text/);
  assert.throws(() => template([request({ a: ['1'] }), request({ a: ['1', '2'] })]), /differ/);
});
