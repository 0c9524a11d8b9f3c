import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { baseConfig, type Raw, withCluster, withListener } from './support/base-config.ts';

function withRoute(changes: Raw): Raw {
  return baseConfig({ routes: [{ name: 'r', cluster: 'app', ...changes }] });
}

function withRing(...hashOn: readonly Raw[]): Raw {
  return withCluster({ loadBalancing: { policy: 'ringHash', hashOn } });
}

const PATH =
  'must be a path that begins with a slash, of at most 1024 printable ASCII characters without space and question mark';
const TWO_LISTENERS = [
  { name: 'a', address: '127.0.0.1:1' },
  { name: 'b', address: '127.0.0.1:2', routes: [] },
];

const ROUTES: readonly BadCase[] = [
  one('no name', baseConfig({ routes: [{ cluster: 'app' }] }), 'routes[0].name: is required'),
  one('no cluster', baseConfig({ routes: [{ name: 'r' }] }), 'routes[0]: needs exactly one of cluster and clusters'),
  one('a missing cluster', withRoute({ cluster: 'ap' }), 'routes[0].cluster: is no cluster, did you mean app? (got "ap")'),
  one(
    'a name twice',
    baseConfig({
      routes: [
        { name: 'r', cluster: 'app' },
        { name: 'r', cluster: 'app' },
      ],
    }),
    'routes[1]: repeats item 0 (got "r")',
  ),
  one('a prefix without a slash', withRoute({ match: { prefix: 'a' } }), `routes[0].match.prefix: ${PATH} (got "a")`),
  one('a path with a query', withRoute({ match: { path: '/a?b' } }), `routes[0].match.path: ${PATH} (got "/a?b")`),
  one(
    'a prefix and a path',
    withRoute({ match: { prefix: '/a', path: '/a' } }),
    'routes[0].match.path: excludes prefix (got "/a")',
  ),
  one(
    'a header without a condition',
    withRoute({ match: { headers: [{ name: 'a' }] } }),
    'routes[0].match.headers[0]: needs exactly one of exact, prefix and present',
  ),
  one(
    'a header with two conditions',
    withRoute({ match: { headers: [{ name: 'a', exact: '1', present: true }] } }),
    'routes[0].match.headers[0]: needs exactly one of exact, prefix and present',
  ),
  one(
    'a header that must be absent',
    withRoute({ match: { headers: [{ name: 'a', present: false }] } }),
    'routes[0].match.headers[0].present: must be true: routes are tried in order (got false)',
  ),
  one(
    'a header in capitals',
    withRoute({ match: { headers: [{ name: 'X-A', exact: '1' }] } }),
    'routes[0].match.headers[0].name: must be a header name in small letters (got "X-A")',
  ),
  one('a pattern', withRoute({ match: { regex: '.*' } }), 'routes[0].match.regex: is not a known key'),
  one(
    'a timeout as a number',
    withRoute({ timeout: 5 }),
    'routes[0].timeout: must be a whole number and a unit, such as 250ms, 5s, 1m or 1h (got 5)',
  ),
  one('a listener of a missing route', withListener({ routes: ['r'] }), 'listeners[0].routes[0]: is no route (got "r")'),
  one(
    'a listener among several that does not say what it serves',
    baseConfig({ listeners: TWO_LISTENERS, routes: [{ name: 'r', cluster: 'app' }] }),
    'listeners[0].routes: is required where there is more than one listener: names of routes, or [] for health URLs alone',
  ),
];

const TRAFFIC: readonly BadCase[] = [
  one(
    'a share without its sign',
    withCluster({ loadBalancing: { panicThreshold: '50' } }),
    'clusters[0].loadBalancing.panicThreshold: must be a whole percentage from 0% to 100% (got "50")',
  ),
  one(
    'a share above the whole',
    withCluster({ loadBalancing: { panicThreshold: '101%' } }),
    'clusters[0].loadBalancing.panicThreshold: must be a whole percentage from 0% to 100% (got "101%")',
  ),
  one(
    'a policy of a later version',
    withCluster({ loadBalancing: { policy: 'maglev' } }),
    'clusters[0].loadBalancing.policy: must be one of roundRobin, leastRequest, random, ringHash (got "maglev")',
  ),
  one(
    'a ring without anything to hash',
    withCluster({ loadBalancing: { policy: 'ringHash' } }),
    'clusters[0].loadBalancing.hashOn: is required with policy: ringHash: without it, random does the same',
  ),
  one(
    'something to hash without a ring',
    withCluster({ loadBalancing: { policy: 'leastRequest', hashOn: [{ path: true }] } }),
    'clusters[0].loadBalancing.hashOn: has no effect with policy: leastRequest',
  ),
  one(
    'a term of two kinds',
    withRing({ header: 'x-user', path: true }),
    'clusters[0].loadBalancing.hashOn[0]: needs exactly one of header, path and sourceAddress',
  ),
  one(
    'a term of no kind',
    withRing({}),
    'clusters[0].loadBalancing.hashOn[0]: needs exactly one of header, path and sourceAddress',
  ),
  one(
    'a term that is switched off',
    withRing({ sourceAddress: false }),
    'clusters[0].loadBalancing.hashOn[0].sourceAddress: must be true, or left out (got false)',
  ),
  one(
    'a term with capitals',
    withRing({ header: 'X-User' }),
    'clusters[0].loadBalancing.hashOn[0].header: must be a header name in small letters (got "X-User")',
  ),
  one(
    'a term twice',
    withRing({ path: true }, { path: true }),
    'clusters[0].loadBalancing.hashOn[1]: repeats item 0 (got "path")',
  ),
  one(
    'too many terms',
    withRing(...Array.from({ length: 9 }, (_, index) => ({ header: `x-${index}` }))),
    'clusters[0].loadBalancing.hashOn: may have 8 at most (got 9)',
  ),
  one(
    'no waiting calls',
    withCluster({ connectionPool: { maxPendingRequests: 0 } }),
    'clusters[0].connectionPool.maxPendingRequests: must be a whole number from 1 to 1000000 (got 0)',
  ),
  one(
    'a size without a unit',
    withListener({ limits: { maxHeaderList: '65536' } }),
    'listeners[0].limits.maxHeaderList: must be a whole number and a unit, such as 512B, 64KiB or 1MiB (got "65536")',
  ),
  one(
    'too small a size',
    withListener({ limits: { maxHeaderList: '1KiB' } }),
    'listeners[0].limits.maxHeaderList: must be from 4KiB to 1MiB (got "1KiB")',
  ),
  one('an unknown limit', withListener({ limits: { maxFun: 1 } }), 'listeners[0].limits.maxFun: is not a known key'),
  one('half a rate', withListener({ limits: { resets: { burst: 1 } } }), 'listeners[0].limits.resets.perSecond: is required'),
  one(
    'an unknown profile',
    withListener({ limits: { profile: 'open' } }),
    'listeners[0].limits.profile: must be one of edge, loadBalancer (got "open")',
  ),
  one(
    'an unknown treatment of a header',
    withListener({ headers: { forwardedFor: 'drop' } }),
    'listeners[0].headers.forwardedFor: must be one of append, replace, keep (got "drop")',
  ),
];

describeBad('routes', ROUTES);

const RETRIES: readonly BadCase[] = [
  one(
    'a status that gRPC does not have',
    withRoute({ retry: { retryOn: ['5xx'], maxAttempts: 2 } }),
    'routes[0].retry.retryOn[0]: must be one of cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, internal, unavailable, dataLoss, unauthenticated (got "5xx")',
  ),
  one(
    'a status twice',
    withRoute({ retry: { retryOn: ['internal', 'internal'], maxAttempts: 2 } }),
    'routes[0].retry.retryOn[1]: repeats item 0 (got "internal")',
  ),
  one(
    'statuses without another attempt',
    withRoute({ retry: { retryOn: ['unavailable'] } }),
    'routes[0].retry.maxAttempts: must be 2 or more with retryOn (got 1)',
  ),
  one(
    'more attempts than gRPC has',
    withRoute({ retry: { retryOn: ['unavailable'], maxAttempts: 6 } }),
    'routes[0].retry.maxAttempts: must be a whole number from 1 to 5 (got 6)',
  ),
  one(
    'what has no effect without a status',
    withRoute({ retry: { maxAttempts: 2, perTryTimeout: '1s', backoff: { base: '1s' }, budget: {} } }),
    'routes[0].retry.maxAttempts: has no effect without retryOn',
    'routes[0].retry.perTryTimeout: has no effect without retryOn',
    'routes[0].retry.backoff: has no effect without retryOn',
    'routes[0].retry.budget: has no effect without retryOn',
  ),
  one(
    'a longest pause below the first',
    withRoute({ retry: { retryOn: ['unavailable'], maxAttempts: 2, backoff: { base: '50ms', max: '40ms' } } }),
    'routes[0].retry.backoff.max: must not be below base, 50ms (got "40ms")',
  ),
  one(
    'an attempt as long as the call',
    withRoute({ timeout: '1s', retry: { retryOn: ['unavailable'], maxAttempts: 2, perTryTimeout: '1s' } }),
    'routes[0].retry.perTryTimeout: has no effect with timeout: 1s (got "1s")',
  ),
  one(
    'repetitions of plain HTTP',
    {
      ...withCluster({ protocol: 'http1' }),
      routes: [{ name: 'r', cluster: 'app', retry: { retryOn: ['unavailable'], maxAttempts: 2 } }],
    },
    'routes[0].retry: has no effect with a cluster of protocol: http1 (got "app")',
  ),
];

describeBad('retry', RETRIES);
describeBad('traffic', TRAFFIC);
