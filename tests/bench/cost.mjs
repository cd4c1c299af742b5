// What a million verifications cost, at the growth simulation's prices: one code by SMS, the page's polls while it
// waits, and the typed code. The SMS itself is left out: it costs a hundred times as much and is the same for all.

import { readFileSync } from 'node:fs';

import { REPOSITORY } from './fronts.mjs';

const VERIFICATION = { 'start sms': 1, status: 3, 'right guess': 1 }; // tests/growth/src/polls.rs, and the first look

/** Assumed: milliseconds until a service of the same region has answered. */
const WAIT = { Query: 8, UpdateItem: 8, TransactWriteItems: 25, Publish: 60, Sign: 12 };
const MEGABYTES = [128, 256, 512, 1024];
const WHOLE_PROCESSOR = 1769; // MB, "Configure Lambda function memory" in the Lambda developer guide
const COMFORT = 0.8; // the share of a function's memory that a process may use at its peak

/**
 * @param figures for each operation of a verification: trips, transactionItems, logBytes, and by competitor its CPU
 *   time in microseconds and its peak memory in bytes
 */
export function costPerMillion(figures, competitor) {
  const prices = JSON.parse(readFileSync(`${REPOSITORY}/tests/growth/prices.json`, 'utf8'));
  const price = (name) => prices[name].price;
  const bill = { lambda: 0, gateway: 0, table: 0, kms: 0, logs: 0 };
  for (const [name, times] of Object.entries(VERIFICATION)) {
    const { trips, transactionItems, logBytes, [competitor]: measured } = figures[name];
    const memory = MEGABYTES.find((size) => measured.memory <= COMFORT * size * 2 ** 20);
    const waited = trips.reduce((sum, trip) => sum + WAIT[trip], 0);
    const billed = Math.ceil(waited + (measured.microseconds / 1000) * (WHOLE_PROCESSOR / memory));
    bill.lambda +=
      times * (price('lambda_request_per_million') + billed * 1000 * (memory / 1024) * price('lambda_gb_second'));
    bill.gateway += times * price('gateway_request_per_million');
    bill.logs += times * ((logBytes * 1e6) / 1e9) * price('cloudwatch_logs_gb');
    const calls = (operation) => trips.filter((trip) => trip === operation).length;
    const writes = calls('UpdateItem') + 2 * transactionItems; // of at most 1 KB; a transaction counts double
    bill.table +=
      times *
      (writes * price('dynamodb_write_unit_per_million') + calls('Query') * price('dynamodb_read_unit_per_million'));
    bill.kms += times * calls('Sign') * 100 * price('kms_rsa_2048_per_10_000');
  }
  return { ...bill, total: Object.values(bill).reduce((sum, dollars) => sum + dollars, 0), prices: prices.date };
}
