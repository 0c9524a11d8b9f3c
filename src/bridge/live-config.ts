import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/load.ts';

/** The sections that a reload puts in force; of all others it is said that they need a restart. */
const LIVE_SECTIONS: ReadonlySet<string> = new Set(['listeners', 'clusters', 'routes', 'health', 'drain']);
/** Keys of `health` of which the same is said, as only the start asks for them. */
const HELD_HEALTH_KEYS = ['startupTimeoutMs'] as const;

/** What comes of one configuration when another one is loaded. */
export interface LiveConfig {
  /** The new one, with the old values of all that cannot change while the process runs. */
  readonly config: Config;
  /** The names of the latter where they differ, in words of the file. */
  readonly held: readonly string[];
  /** The names of the sections that differ and are put in force. */
  readonly changed: readonly string[];
}

/** Takes of the new configuration what can change while the process runs. */
export function toLiveConfig(current: Config, next: Config): LiveConfig {
  const names = changedKeys(current, next);
  const sections = names.filter((name) => !LIVE_SECTIONS.has(name));
  const healthKeys = HELD_HEALTH_KEYS.filter((key) => !isDeepStrictEqual(current.health[key], next.health[key]));
  const heldHealth = Object.fromEntries(HELD_HEALTH_KEYS.map((key) => [key, current.health[key]]));
  const config: Config = {
    ...current,
    listeners: next.listeners,
    clusters: next.clusters,
    routes: next.routes,
    health: { ...next.health, ...heldHealth },
    drain: next.drain,
  };
  return {
    config: Object.freeze(config),
    held: [...sections, ...healthKeys.map((key) => `health.${key.replace(/Ms$/, '')}`)],
    changed: changedKeys(current, config),
  };
}

function changedKeys(one: Config, other: Config): readonly string[] {
  const others = new Map(Object.entries(other));
  return Object.entries(one)
    .filter(([name, value]) => !isDeepStrictEqual(value, others.get(name)))
    .map(([name]) => name);
}
