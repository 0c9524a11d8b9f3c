import type { Parameters } from 'fast-check';

/** The seed of ordinary runs, so that they are the same everywhere. */
const FIXED_SEED = 20_260_301;

/**
 * How often fast-check tries a property: `runs` times with a fixed seed in `npm test`, or as often as FUZZ_RUNS says with a seed of the day
 * in `npm run fuzz`. A failure prints its seed and path, which belong into a unit test.
 */
export function fuzzRuns<T>(runs: number): Parameters<T> {
  const wanted = Number(process.env['FUZZ_RUNS'] ?? 0);
  return wanted > 0 ? { numRuns: wanted } : { numRuns: runs, seed: FIXED_SEED };
}
