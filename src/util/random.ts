/** Chance as an argument, so that tests can seed it. Returns a number in [0, 1). */
export type Random = () => number;

/** The process's own generator; fine for jitter and balancing, never for secrets. */
export const systemRandom: Random = Math.random;
