import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventLog } from '../../../src/bridge/event-log.ts';
import { createLoggerOver } from '../../../src/observability/logger.ts';
import { verdictOf } from '../../support/health-answers.ts';
import { endpointHealth, endpointsIn } from '../../support/health-views.ts';

type Line = Readonly<Record<string, unknown>>;

/** An event log, what it wrote, and what it counted. */
function create(level: 'info' | 'debug' = 'info'): {
  readonly log: EventLog;
  readonly lines: Line[];
  readonly counted: unknown[];
} {
  const lines: Line[] = [];
  const counted: unknown[] = [];
  const write = (text: string): void => {
    const { time: _time, ...line }: Line = JSON.parse(text);
    lines.push(line);
  };
  const log = new EventLog(createLoggerOver({ write }, level), {
    onCheck: (...what) => counted.push(what),
    onStateChange: (...what) => counted.push(what),
  });
  return { log, lines, counted };
}

const found = (...addresses: readonly string[]) => ({
  kind: 'endpoints' as const,
  endpoints: addresses.map((address) => endpointHealth(address, 'pending').endpoint),
});

const newsOf = (cluster: string) => [
  ['discovery failed', cluster],
  ['endpoints changed', cluster],
];

describe('EventLog', () => {
  it('counts every check, and writes it only for who debugs', () => {
    const quiet = create();
    quiet.log.onCheck('app', '10.0.0.1:1', 'serving', 1.26);
    assert.deepEqual([quiet.lines, quiet.counted], [[], [['app', 'serving', 1.26]]]);
    const verbose = create('debug');
    verbose.log.onCheck('app', '10.0.0.1:1', 'serving', 1.26);
    assert.deepEqual(verbose.lines, [
      { level: 'debug', cluster: 'app', endpoint: '10.0.0.1:1', outcome: 'serving', durationMs: 1.3, msg: 'health check' },
    ]);
  });

  it('writes one line for an ejection and one for the return, and counts what is shown', () => {
    const ejection = { kind: 'success_rate', words: 'success rate 0%, below 4%', sinceMs: 1_000, untilMs: 31_000 } as const;
    const { log, lines, counted } = create();
    log.onEjection('app', { kind: 'ejected', key: '10.0.0.1:1', ejection }, 'degraded');
    log.onEjection('app', { kind: 'returned', key: '10.0.0.1:1', cause: 'time' }, 'degraded');
    log.onEjection('app', { kind: 'ejected', key: '10.0.0.1:1', ejection }, 'unhealthy');
    log.onEjection('app', { kind: 'returned', key: '10.0.0.1:1', cause: 'check' }, null);
    const common = { level: 'info', cluster: 'app', endpoint: '10.0.0.1:1' };
    const ejected = { ...common, kind: 'success_rate', reason: ejection.words, forMs: 30_000, msg: 'endpoint ejected' };
    assert.deepEqual(lines, [
      ejected,
      { ...common, cause: 'time', msg: 'ejected endpoint returned' },
      ejected,
      { ...common, cause: 'check', msg: 'ejected endpoint returned' },
    ]);
    assert.deepEqual(counted, [
      ['app', 'ejected'],
      ['app', 'degraded'],
    ]);
  });

  it('writes one line for a change of state, with its reason', () => {
    const { log, lines, counted } = create();
    const change = { cluster: 'app', endpoint: '10.0.0.1:1', from: 'healthy', to: 'unhealthy', reason: 'NOT_SERVING' } as const;
    log.onStateChange(change);
    log.onStateChange({ ...change, from: 'unhealthy', to: 'healthy', reason: '' });
    const common = { level: 'info', cluster: 'app', endpoint: '10.0.0.1:1', msg: 'endpoint state changed' };
    assert.deepEqual(lines, [
      { ...common, fromState: 'healthy', toState: 'unhealthy', reason: 'NOT_SERVING' },
      { ...common, fromState: 'unhealthy', toState: 'healthy' },
    ]);
    assert.deepEqual(counted, [
      ['app', 'unhealthy'],
      ['app', 'healthy'],
    ]);
  });

  it('tells a failure of discovery once, and that it is over', () => {
    const { log, lines } = create();
    for (const reason of ['SERVFAIL', 'SERVFAIL', 'timeout']) {
      log.onDiscovery('app', { kind: 'failed', reason });
    }
    log.onDiscovery('app', found());
    log.onDiscovery('app', found());
    assert.deepEqual(
      lines.map(({ level, msg, reason }) => [level, msg, reason]),
      [
        ['warn', 'discovery failed', 'SERVFAIL'],
        ['warn', 'discovery failed', 'timeout'],
        ['info', 'discovery recovered', undefined],
      ],
    );
  });

  it('tells which sets of endpoints differ, not those that are found again', () => {
    const { log, lines } = create();
    log.onDiscovery('app', found('10.0.0.1:1', '10.0.0.2:1'));
    log.onDiscovery('app', found('10.0.0.2:1', '10.0.0.1:1'));
    log.onDiscovery('app', found('10.0.0.2:1', '10.0.0.3:1'));
    assert.deepEqual(
      lines.map(({ msg, added, removed, endpoints }) => [msg, added, removed, endpoints]),
      [
        ['endpoints changed', 2, 0, 2],
        ['endpoints changed', 1, 1, 2],
      ],
    );
  });

  it('tells what changes beside a failure, and takes that for no recovery', () => {
    const { log, lines } = create();
    log.onDiscovery('app', found('10.0.0.1:1'));
    for (const address of ['10.0.0.1:1', '10.0.0.2:1', '10.0.0.2:1']) {
      log.onDiscovery('app', { ...found(address), kind: 'failed', reason: 'SERVFAIL' });
    }
    log.onDiscovery('app', found('10.0.0.2:1'));
    assert.deepEqual(
      lines.map(({ msg, endpoints }) => [msg, endpoints]),
      [
        ['endpoints changed', 1],
        ['discovery failed', undefined],
        ['endpoints changed', 1],
        ['discovery recovered', 1],
      ],
    );
  });

  it('tells when clusters and the whole change sides, and nothing of the start', () => {
    const { log, lines } = create();
    const up = verdictOf({ a: endpointsIn('healthy'), 'b?': endpointsIn('unhealthy') });
    const down = verdictOf({ a: endpointsIn('unhealthy'), 'b?': endpointsIn('unhealthy') });
    for (const verdict of [down, up, up, down]) {
      log.onVerdict(verdict);
    }
    assert.deepEqual(
      lines.map(({ msg, cluster, healthy }) => [msg, cluster, healthy]),
      [
        ['cluster state changed', 'a', true],
        ['health answer changed', undefined, true],
        ['cluster state changed', 'a', false],
        ['health answer changed', undefined, false],
      ],
    );
  });

  it('forgets what it told of a cluster once a reload has removed it, and of no other', () => {
    const { log, lines } = create();
    const both = verdictOf({ a: endpointsIn('pending'), b: endpointsIn('pending') });
    const tell = (): readonly (readonly unknown[])[] => {
      lines.length = 0;
      for (const cluster of ['a', 'b']) {
        log.onDiscovery(cluster, { ...found('10.0.0.1:1'), kind: 'failed', reason: 'SERVFAIL' });
      }
      return lines.map(({ msg, cluster }) => [msg, cluster]);
    };
    log.onVerdict(both);
    assert.deepEqual(tell(), [...newsOf('a'), ...newsOf('b')]);
    assert.deepEqual(tell(), []);
    log.onVerdict(verdictOf({ a: endpointsIn('pending') }));
    log.onVerdict(both);
    assert.deepEqual(tell(), newsOf('b'));
  });
});
