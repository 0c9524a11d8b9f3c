import type { HealthyWhen } from './verdict.ts';

/**
 * Whether `available` healthy members out of `total` make a whole healthy. Never without any: a whole of which nothing
 * works is not healthy by being empty. For one pair of numbers, `all` implies every percentage and a percentage implies `any`.
 */
export function isEnough(healthyWhen: HealthyWhen, available: number, total: number): boolean {
  if (available === 0) {
    return false;
  }
  if (healthyWhen === 'any') {
    return true;
  }
  if (healthyWhen === 'all') {
    return available >= total;
  }
  if ('count' in healthyWhen) {
    return available >= healthyWhen.count;
  }
  // Products of whole numbers are exact, quotients are not: 1 of 3 must fail at 34 % and 29 of 100 must pass at 29 %.
  return available * 100 >= healthyWhen.percent * total;
}
