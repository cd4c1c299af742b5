// Saves the whole table before an operation and restores it afterwards, so that every program finds the same items.

import http from 'node:http';
import { text } from 'node:stream/consumers';

const BATCH = 25; // the limit of BatchWriteItem

/** The table `name` of the DynamoDB at `endpoint`. */
export function openTable(endpoint, name) {
  const agent = new http.Agent({ keepAlive: true });

  function ask(operation, input) {
    return new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
        'x-amz-date': '20260101T000000Z',
      };
      const request = http.request(endpoint, { agent, method: 'POST', headers }, async (answer) => {
        const body = await text(answer);
        if (answer.statusCode === 200) resolve(JSON.parse(body));
        else reject(new Error(`${operation}: ${answer.statusCode} ${body}`));
      });
      request.on('error', reject);
      request.end(JSON.stringify(input));
    });
  }

  async function items() {
    const found = [];
    let page = {};
    do {
      page = await ask('Scan', { TableName: name, ExclusiveStartKey: page.LastEvaluatedKey });
      found.push(...page.Items);
    } while (page.LastEvaluatedKey);
    return found;
  }

  async function write(requests) {
    for (let from = 0; from < requests.length; from += BATCH) {
      await ask('BatchWriteItem', { RequestItems: { [name]: requests.slice(from, from + BATCH) } });
    }
  }

  return {
    items,
    /** Makes the table hold `wanted` and nothing else. */
    async restore(wanted) {
      const key = ({ pk, sk }) => ({ pk, sk });
      const known = new Set(wanted.map((item) => JSON.stringify(key(item))));
      const superfluous = (await items()).map(key).filter((found) => !known.has(JSON.stringify(found)));
      await write(superfluous.map((found) => ({ DeleteRequest: { Key: found } })));
      await write(wanted.map((item) => ({ PutRequest: { Item: item } })));
    },
    close: () => agent.destroy(),
  };
}
