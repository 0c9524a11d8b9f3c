import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionsWanted } from '../../../src/upstream/connection-demand.ts';

describe('the connections that calls wait for', () => {
  for (const [waiting, usable, width, maxRequestsPerConnection, wanted, why] of [
    [0, 0, 0, 0, 0, 'nobody waits'],
    [500, 0, 0, 0, 1, 'the limit of the endpoint is not known yet'],
    [500, 1, 100, 0, 5, 'each carries what the first one does'],
    [501, 2, 100, 0, 6, 'parts count as one'],
    [3, 1, 0, 0, 3, 'the endpoint allows no stream: others may have its first limit'],
    [7, 0, 0, 3, 3, 'each ends after three calls'],
    [7, 1, 2, 3, 4, 'each carries two at a time'],
    [7, 1, 100, 1, 7, 'each has one call'],
  ] as const) {
    it(`are ${wanted} for ${waiting} calls: ${why}`, () => {
      assert.equal(connectionsWanted(waiting, { usable, width, maxRequestsPerConnection }), wanted);
    });
  }
});
