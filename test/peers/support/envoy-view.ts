import type { TestBridge } from '../../support/test-bridge.ts';
import { eventually } from './eventually.ts';

interface Shown {
  readonly componentId?: string;
  readonly state?: string;
  readonly flags?: readonly string[];
}

/** What a bridge shows of its cluster `orders`, in one line: the code, then each state with the flags, sorted. */
export async function shownOrders(test: TestBridge): Promise<string> {
  const { status, body } = await test.get('/healthz?format=json');
  const checks: readonly Shown[] = JSON.parse(body).checks.orders;
  const hosts = checks.filter(({ componentId }) => componentId !== undefined);
  const words = hosts.map(({ state, flags }) => `${state}${(flags ?? []).map((flag) => `/${flag}`).join('')}`);
  return [status, ...words.toSorted()].join(' ');
}

/** Waits until that line is as wanted. */
export async function untilOrders(test: TestBridge, wanted: string, deadlineMs = 15_000): Promise<void> {
  await eventually(
    wanted,
    () => shownOrders(test),
    (seen) => seen === wanted,
    { deadlineMs },
  );
}
