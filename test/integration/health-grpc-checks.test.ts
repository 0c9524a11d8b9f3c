import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { Outcome } from '../../src/health/outcome.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';
import { GrpcBackend, type GrpcBackendOptions } from '../support/peers/grpc-backend.ts';

const MODES = ['check', 'watch', 'auto'] as const;
type Mode = (typeof MODES)[number];

interface Case {
  readonly name: string;
  readonly backend?: GrpcBackendOptions;
  readonly arrange?: (backend: GrpcBackend) => void;
  readonly service?: string;
  /** What each mode finds; a reason for all or for each. */
  readonly word: Outcome['word'] | Readonly<Record<Mode, Outcome['word']>>;
  readonly reason: string | Readonly<Record<Mode, string>>;
  readonly reached?: Outcome['reached'];
}

const NO_HEALTH = 'UNIMPLEMENTED: the server has no grpc.health.v1.Health';
const NO_WATCH = 'UNIMPLEMENTED: the server has no Watch';
const NOT_FOUND = 'NOT_FOUND: unknown service';

const CASES: readonly Case[] = [
  { name: 'SERVING', word: 'serving', reason: '' },
  {
    name: 'a service by its name',
    backend: { services: { '': 'NOT_SERVING', 'route.Router': 'SERVING' } },
    service: 'route.Router',
    word: 'serving',
    reason: '',
  },
  { name: 'NOT_SERVING', backend: { services: { '': 'NOT_SERVING' } }, word: 'not_serving', reason: 'NOT_SERVING' },
  { name: 'UNKNOWN', backend: { services: { '': 'UNKNOWN' } }, word: 'unknown', reason: 'the server answered UNKNOWN' },
  {
    name: 'a service that the server does not know',
    service: 'route.Router',
    word: 'service_unknown',
    reason: { check: NOT_FOUND, watch: 'SERVICE_UNKNOWN: unknown service', auto: NOT_FOUND },
  },
  {
    name: 'a server without the health service',
    backend: { health: false },
    word: 'unimplemented',
    reason: { check: NO_HEALTH, watch: NO_WATCH, auto: NO_HEALTH },
  },
  {
    name: 'a server without Watch',
    backend: { watch: false },
    word: { check: 'serving', watch: 'unimplemented', auto: 'serving' },
    reason: { check: '', watch: NO_WATCH, auto: '' },
  },
  {
    name: 'a gRPC error, on one line however it was written',
    arrange: (backend) => {
      backend.check = { kind: 'error', code: status.RESOURCE_EXHAUSTED, details: 'too\nmuch' };
      backend.watch = backend.check;
    },
    word: 'status_error',
    reason: {
      check: 'RESOURCE_EXHAUSTED: too much',
      watch: 'Watch ended: RESOURCE_EXHAUSTED: too much',
      auto: 'RESOURCE_EXHAUSTED: too much',
    },
    reached: 'connected',
  },
  {
    name: 'a server that resets every connection',
    arrange: (backend) => {
      backend.check = { kind: 'resetConnection' };
      backend.watch = { kind: 'resetConnection' };
    },
    word: 'connection_lost',
    reason: 'connection lost before the answer (connection reset)',
    reached: 'connected',
  },
  {
    name: 'a server that takes calls and answers none',
    arrange: (backend) => {
      backend.check = { kind: 'hang' };
      backend.watch = { kind: 'hang' };
    },
    word: 'timeout',
    reason: 'deadline exceeded: connected, but no answer within 250 ms',
    reached: 'connected',
  },
  {
    name: 'a server that answers within the timeout',
    arrange: (backend) => {
      backend.check = { kind: 'delay', delayMs: 100 };
      backend.watch = { kind: 'delay', delayMs: 100 };
    },
    word: 'serving',
    reason: '',
  },
];

for (const mode of MODES) {
  describe(`grpc health checks, mode ${mode}`, () => {
    for (const { name, backend: options, arrange, service = '', word, reason, reached = 'answered' } of CASES) {
      it(`find ${name}`, async () => {
        await using backend = await GrpcBackend.start(options);
        arrange?.(backend);
        await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, services: [service], timeoutMs: 250 }));
        assert.deepEqual(await bench.check(), {
          word: typeof word === 'string' ? word : word[mode],
          reason: typeof reason === 'string' ? reason : reason[mode],
          reached,
        });
      });
    }

    it('find a port where nobody listens', async () => {
      await using backend = await GrpcBackend.start();
      await backend.die();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode }));
      assert.deepEqual(await bench.check(), { word: 'connect_failed', reason: 'connection refused', reached: 'none' });
    });

    it('find a server that is connected to and silent, within connectTimeout', async () => {
      await using server = await RawServer.start(() => undefined);
      await using bench = new CheckerBench(localEndpoint(server.port), grpcCluster({ mode }, { connectTimeoutMs: 50 }));
      assert.deepEqual(await bench.check(), {
        word: 'connect_failed',
        reason: 'connected, but no HTTP/2 SETTINGS within 50 ms',
        reached: 'none',
      });
    });

    it('find every service of several, each for itself', async () => {
      await using backend = await GrpcBackend.start({ services: { a: 'SERVING', b: 'NOT_SERVING' } });
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, services: ['a', 'b', 'c'] }));
      const result = await bench.checker.check();
      assert.deepEqual(
        [...result].map(([service, { word }]) => [service, word]),
        [
          ['a', 'serving'],
          ['b', 'not_serving'],
          ['c', 'service_unknown'],
        ],
      );
      assert.equal(backend.connections, 1);
    });

    it('end at once when closed during a check that hangs', async () => {
      await using backend = await GrpcBackend.start();
      backend.check = { kind: 'hang' };
      backend.watch = { kind: 'hang' };
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, timeoutMs: 60_000 }));
      const check = bench.checker.check();
      while (backend.checks + backend.watches === 0) {
        await new Promise((resolve) => {
          backend.events.once(mode === 'watch' ? 'watch' : 'check', resolve);
        });
      }
      await bench.checker.close();
      await bench.checker.close();
      assert.equal((await check).size, 1);
      assert.notEqual(await bench.word(), 'serving');
    });
  });
}
