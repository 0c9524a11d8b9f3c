import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { portOf } from '../support/rest-bridge.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

describe('checks of a healthy endpoint', () => {
  it('come every interval once calls go to its cluster, and every noTrafficInterval before', async () => {
    await using idle = await GrpcBackend.start();
    await using used = await GrpcBackend.start({ services: { '': 'NOT_SERVING' } });
    const healthCheck = { mode: 'check', noTrafficInterval: '60s', unhealthyInterval: '100ms', healthyThreshold: 1 };
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('idle', [idle.key], healthCheck), quickCluster('used', [used.key], healthCheck)],
      routes: [
        { name: 'used', match: { prefix: '/test.Echo/' }, cluster: 'used' },
        { name: 'idle', match: { prefix: '/' }, cluster: 'idle' },
      ],
    });
    await bridge.untilHealthy(true);
    using client = new EchoClient(portOf(bridge));
    assert.equal((await client.unary(Buffer.alloc(1))).code, status.UNAVAILABLE, 'its cluster has no healthy endpoint');
    used.setStatus('', 'SERVING');
    for (let count = 0; count < 5; count++) {
      await once(used.events, 'check');
    }
    assert.equal(idle.checks, 1);
  });
});
