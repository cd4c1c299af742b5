// The table: one partition per subject, with its own item and one for each login session's challenge.

import { DynamoDBClient, TransactWriteItemsCommand, UpdateItemCommand, paginateQuery } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { reservation } from './policy.mjs';

const TableName = process.env.TABLE_NAME;

/** Well under the functions' own time limit. */
export const requestHandler = { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true };
const client = new DynamoDBClient({ requestHandler });

const partition = (subject) => `subject#${subject.toString('base64url')}`;
export const subjectKey = (subject) => ({ pk: partition(subject), sk: 'subject' });
export const challengeKey = (subject, session) => ({
  pk: partition(subject),
  sk: `challenge#${session.toString('base64url')}`,
});

/** A conditional update, as a request of its own or as a part of a transaction. */
export const update = (key, expression, condition, values, names) => ({
  TableName,
  Key: marshall(key),
  UpdateExpression: expression,
  ConditionExpression: condition,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: marshall(values),
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
});

export const put = (item, condition, values) => ({
  TableName,
  Item: marshall(item),
  ConditionExpression: condition,
  ExpressionAttributeValues: values && marshall(values),
});

const challengeOf = (item) => ({ ...item, session: item.sk.slice('challenge#'.length) });

/** All that is kept of a subject. What the subject's denial covers is denied, though its own item does not say so. */
export async function load(subject) {
  const pages = paginateQuery(
    { client },
    {
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: marshall({ ':pk': partition(subject) }),
    },
  );
  const items = [];
  for await (const page of pages) items.push(...page.Items.map((item) => unmarshall(item)));
  const own = items.find(({ sk }) => sk === 'subject') ?? {};
  const challenges = items.filter(({ sk }) => sk.startsWith('challenge#')).map(challengeOf);
  for (const challenge of challenges) {
    if (challenge.subjectVersion <= own.deniedVersion && !challenge.settled) challenge.outcome = 'denied';
  }
  return { subject: own, challenges };
}

/** Updates, and answers the challenge as it then stands: `done` tells whether the condition held. */
export async function updateChallenge(input) {
  try {
    const { Attributes } = await client.send(new UpdateItemCommand({ ...input, ReturnValues: 'ALL_NEW' }));
    return { done: true, challenge: challengeOf(unmarshall(Attributes)) };
  } catch (error) {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
    return { done: false, challenge: error.Item && challengeOf(unmarshall(error.Item)) };
  }
}

/** Writes all or nothing, and answers for each write that stood in the way why it did: nothing if it is done. */
export async function transact(TransactItems) {
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return [];
  } catch (error) {
    const reasons = (error.CancellationReasons ?? []).map(({ Code }, position) => ({ code: Code, position }));
    const inTheWay = reasons.filter(({ code }) => ['ConditionalCheckFailed', 'TransactionConflict'].includes(code));
    if (inTheWay.length === 0) throw error;
    return inTheWay;
  }
}

const SETTLE_SUBJECT =
  'SET failures = :zero, lastSuccessAt = :now, version = version + :one REMOVE lockedAt, guessesReserved.#reservation';
const BOUND_ALIKE =
  '(attribute_not_exists(blockedUntil) OR blockedUntil <= :now) AND ' +
  '(attribute_not_exists(deniedVersion) OR deniedVersion < :began) AND phone = :phone AND binding = :binding';
const APPROVE_BY_CODE =
  'SET outcome = :approved, approvedAt = :at, approvedBy = :method, settled = :true, #ttl = keepUntil';
const OPEN_FOR_CODE = 'generation = :generation AND outcome = :pending AND expiresAt > :now AND charged = :charged';

/** Approves by a right code and settles with the subject, in one transaction: whether both agreed. */
export async function settle(subject, challenge, now, triesLeft = 1) {
  const approve = {
    ':generation': challenge.generation,
    ':pending': 'pending',
    ':now': now,
    ':approved': 'approved',
    ':at': now,
    ':method': 'sms-code',
    ':true': true,
    ':charged': challenge.charged,
  };
  const agree = {
    ':zero': 0,
    ':one': 1,
    ':now': now,
    ':began': challenge.subjectVersion,
    ':phone': challenge.phone,
    ':binding': challenge.binding,
  };
  const { pk, sk } = challenge;
  const names = { '#reservation': reservation(challenge) };
  const inTheWay = await transact([
    { Update: update({ pk, sk }, APPROVE_BY_CODE, OPEN_FOR_CODE, approve, { '#ttl': 'ttl' }) },
    { Update: update(subjectKey(subject), SETTLE_SUBJECT, BOUND_ALIKE, agree, names) },
  ]);
  const conflict = inTheWay.some(({ code }) => code === 'TransactionConflict');
  return conflict && triesLeft > 0 ? settle(subject, challenge, now, triesLeft - 1) : inTheWay.length === 0;
}
