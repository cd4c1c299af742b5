// Builds the stream records that a function receives for changes to the table.

import { randomUUID } from 'node:crypto';

/** A batch of one change: the item before it, unless it is new, and after it. */
export function change(before, after) {
  const { pk, sk } = after;
  const record = {
    eventID: randomUUID().replaceAll('-', ''),
    eventName: before ? 'MODIFY' : 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
      Keys: { pk, sk },
      ...(before && { OldImage: before }),
      NewImage: after,
      SequenceNumber: '100000000000000000001',
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:123456789012:table/alliance-mfa-local/stream/2026-01-01T00:00:00.000',
  };
  return { Records: [record] };
}
