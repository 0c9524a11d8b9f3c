import type { ConfigProblem } from '../errors.ts';
import { describeGot } from './got.ts';
import { MAX_PROBLEMS } from './limits.ts';
import { findNearest } from './nearest.ts';
import { isPlainObject, type Placed } from './paths.ts';

/** Routes to clusters that do not exist, listeners with routes that do not exist, and listeners that do not say which routes they serve. */
export function findRouteConflicts(raw: Record<string, unknown>, clusters: readonly Placed<string>[]): readonly ConfigProblem[] {
  const routes = asList(raw['routes']);
  const listeners = asList(raw['listeners']);
  const routeNames = routes.flatMap((route) =>
    isPlainObject(route) && typeof route['name'] === 'string' ? [route['name']] : [],
  );
  const targets = routes.flatMap((route, index) => targetsOf(route, `routes[${index}]`));
  const served = listeners.flatMap((listener, index) =>
    isPlainObject(listener)
      ? asList(listener['routes']).flatMap((name, at) => placeItem(name, `listeners[${index}].routes[${at}]`))
      : [],
  );
  return [
    ...findMissing(
      targets,
      clusters.map(({ value }) => value),
      'cluster',
    ),
    ...findMissing(served, routeNames, 'route'),
    ...findIdleRetries(routes, asList(raw['clusters'])),
    ...(routes.length > 0 && listeners.length > 1 ? findSilentListeners(listeners) : []),
  ];
}

function findMissing(names: readonly Placed<string>[], known: readonly string[], noun: string): readonly ConfigProblem[] {
  const set = new Set(known);
  return names
    .filter(({ value }) => !set.has(value))
    .map(({ path, value }, index) => {
      const nearest = index < MAX_PROBLEMS ? findNearest(value, known) : null;
      return { path, message: `is no ${noun}${nearest === null ? '' : `, did you mean ${nearest}?`} ${describeGot(value)}` };
    });
}

/** Another kind of relay serves http1 clusters, which repeats nothing that has reached an endpoint. */
function findIdleRetries(routes: readonly unknown[], clusters: readonly unknown[]): readonly ConfigProblem[] {
  const http1 = new Set(
    clusters.flatMap((cluster) => (isPlainObject(cluster) && cluster['protocol'] === 'http1' ? [cluster['name']] : [])),
  );
  return routes.flatMap((route, index) => {
    const target = targetsOf(route, `routes[${index}]`).find(({ value }) => http1.has(value));
    return target !== undefined && isPlainObject(route) && hasRetry(route['retry'])
      ? [
          {
            path: `routes[${index}].retry`,
            message: `has no effect with a cluster of protocol: http1 ${describeGot(target.value)}`,
          },
        ]
      : [];
  });
}

/** Where a route leads to. */
function targetsOf(route: unknown, path: string): readonly Placed<string>[] {
  return [
    ...placeText(route, 'cluster', path),
    ...(isPlainObject(route) ? asList(route['clusters']) : []).flatMap((way, at) =>
      placeText(way, 'name', `${path}.clusters[${at}]`),
    ),
  ];
}

function hasRetry(retry: unknown): boolean {
  return isPlainObject(retry) && Array.isArray(retry['retryOn']) && retry['retryOn'].length > 0;
}

/** With one listener it is plain where routes are served; with several, one of them may be reachable by people that another is not. */
function findSilentListeners(listeners: readonly unknown[]): readonly ConfigProblem[] {
  return listeners.flatMap((listener, index) =>
    isPlainObject(listener) && listener['routes'] === undefined
      ? [
          {
            path: `listeners[${index}].routes`,
            message: 'is required where there is more than one listener: names of routes, or [] for health URLs alone',
          },
        ]
      : [],
  );
}

function placeText(item: unknown, key: string, path: string): readonly Placed<string>[] {
  return isPlainObject(item) ? placeItem(item[key], `${path}.${key}`) : [];
}

function placeItem(value: unknown, path: string): readonly Placed<string>[] {
  return typeof value === 'string' ? [{ path, value }] : [];
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
