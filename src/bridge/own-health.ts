import type { HealthConfig } from '../config/sections/health.ts';
import { GrpcHealthService } from '../grpc-health/grpc-health-service.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import type { HealthMonitor } from './health-monitor.ts';
import type { BridgeLifecycle } from './lifecycle.ts';

export interface OwnHealthDeps {
  readonly turn: Turn;
  readonly clock: Clock;
  /** As configured now. */
  readonly health: () => Pick<HealthConfig, 'failDuringDrain'>;
  readonly monitor: Pick<HealthMonitor, 'verdict'>;
  readonly lifecycle: BridgeLifecycle;
  /** As for the health URLs: a template of the path, and the code of the same question by GET. */
  readonly onProbe: (path: string, code: number) => void;
}

/** Makes the bridge's own grpc.health.v1, which says what the health URLs say. Whoever has it tells it of new verdicts. */
export function createOwnHealth({ turn, clock, health, monitor, lifecycle, onProbe }: OwnHealthDeps): GrpcHealthService {
  const isHeldDown = (): boolean => lifecycle.maintenance || (lifecycle.draining && health().failDuringDrain);
  const state = () => ({ verdict: monitor.verdict, isHeldDown: isHeldDown() });
  const service = new GrpcHealthService({ turn, clock, state, onAnswer: onProbe });
  lifecycle.onChange(() => service.tell());
  return service;
}
