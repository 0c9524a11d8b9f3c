import { type ChangeKind, EndpointMonitor } from '../../../src/health/endpoint-monitor.ts';
import type { HealthClusterOptions } from '../../../src/health/options.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import type { HealthState } from '../../../src/model/health-view.ts';
import type { Random } from '../../../src/util/random.ts';
import { FakeClock } from '../fake-clock.ts';
import { grpcCluster } from './options.ts';
import { RecordingObserver } from './recording-observer.ts';
import { CheckerFactory, type ScriptedChecker } from './scripted-checker.ts';

export interface MonitorBenchOptions {
  readonly cluster?: HealthClusterOptions;
  readonly random?: Random;
  readonly hasTraffic?: () => boolean;
}

/** An address that nothing connects to. */
export function endpointAt(port: number, hostname: string | null = null): Endpoint {
  return createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, hostname);
}

/** One endpoint under a clock that the test turns, with checks that go as the test says. */
export class MonitorBench {
  readonly clock = new FakeClock();
  readonly observer = new RecordingObserver();
  readonly changes: ChangeKind[] = [];
  readonly monitor: EndpointMonitor;
  readonly checker: ScriptedChecker;

  constructor(options: MonitorBenchOptions = {}) {
    const cluster = options.cluster ?? grpcCluster();
    const services = cluster.healthCheck.type === 'grpc' ? cluster.healthCheck.services : [''];
    const factory = new CheckerFactory(this.clock, services);
    const endpoint = endpointAt(50_051);
    this.monitor = new EndpointMonitor(endpoint, cluster, {
      clock: this.clock,
      random: options.random ?? ((): number => 0),
      observer: this.observer,
      createChecker: factory.create,
      hasTraffic: options.hasTraffic ?? ((): boolean => true),
      onChange: (kind) => this.changes.push(kind),
    });
    this.checker = factory.of(endpoint.key);
  }

  get state(): HealthState {
    return this.monitor.health.state;
  }

  /** Turns the clock until the state is this, at most `limitMs`; returns how long it took, or Infinity. */
  async timeUntil(state: HealthState, limitMs: number, stepMs: number): Promise<number> {
    for (let passed = 0; passed <= limitMs; passed += stepMs) {
      if (this.state === state) {
        return passed;
      }
      await this.clock.advance(stepMs);
    }
    return Number.POSITIVE_INFINITY;
  }
}
