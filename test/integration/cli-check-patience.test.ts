import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { loadMonitorOptions } from '../../src/bridge/monitor-options.ts';
import { followChecks } from '../../src/cli/check-watch.ts';
import type { Output, SignalSource, StopSignal } from '../../src/cli/command-io.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { quickCluster } from '../support/test-bridge.ts';

/** A pipe, and the signals of its process. */
class Told extends EventEmitter<{ SIGINT: [StopSignal]; SIGTERM: [StopSignal]; error: [] }> implements SignalSource, Output {
  text = '';

  write(text: string): void {
    this.text += text;
  }
}

describe('check --watch', () => {
  it('waits for first results, but not for ever', async () => {
    await using silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    const { port } = silent.address() as AddressInfo;
    const config = resolveConfig(
      {
        clusters: [
          {
            ...quickCluster('mute', [`127.0.0.1:${port}`], { type: 'http', timeout: '60s', http: { path: '/' } }),
            connectTimeout: '60s',
          },
        ],
      },
      { requireListeners: false },
    );
    const clock = new FakeClock();
    const io = new Told();
    const code = followChecks(
      await loadMonitorOptions(config),
      { clock, random: seededRandom(1), userAgent: 'test' },
      { io: { stdout: io, signals: io }, json: false },
    );
    const connected = once(silent, 'connection');
    await clock.advance(14_999);
    await connected;
    assert.equal(io.text, '');
    await clock.advance(1);
    assert.match(io.text, /cluster mute unhealthy: 0 of 1 healthy, 1 pending\n.* whole unhealthy\n$/);
    io.emit('SIGINT', 'SIGINT');
    assert.equal(await code, 130);
    assert.equal(clock.pendingTimers, 0);
  });
});
