import { describeChange, formatClock, formatDuration, formatLatency, formatMoment, formatRate } from './status-format.js';

/** Changes that the list at the side shows, over all clusters. */
const MAX_LISTED_CHANGES = 40;
/** A healthy cluster with more endpoints than this begins closed. */
const MAX_OPEN_ENDPOINTS = 50;

const COLUMNS = ['State', 'Endpoint', 'Since', 'Last reason', 'Check', 'Calls', 'Connections'];

/** From left to right in the bar, so that it grows and shrinks in place. */
const STATES = ['healthy', 'degraded', 'stale', 'pending', 'excluded', 'draining', 'ejected', 'unhealthy'];

/** An element with a class. Whatever comes from outside is set as text, never as markup. */
function make(tag, className = '') {
  const element = document.createElement(tag);
  if (className !== '') {
    element.className = className;
  }
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function setData(element, name, value) {
  if (element.dataset[name] !== value) {
    element.dataset[name] = value;
  }
}

/** Makes the children of a parent fit a list; elements of keys that stay are kept, and so is where the reader is. */
function reconcile(parent, items, { keyOf, create, update }) {
  parent.byKey ??= new Map();
  const known = parent.byKey;
  const keys = new Set(items.map(keyOf));
  for (const [key, element] of known) {
    if (!keys.has(key)) {
      element.remove();
      known.delete(key);
    }
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const element = known.get(key) ?? create(item);
    known.set(key, element);
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(element, place);
    }
    update(element, item);
  }
}

function createRow() {
  const row = make('tr');
  const state = make('td');
  state.append(make('span', 'badge'));
  const address = make('th');
  address.scope = 'row';
  address.append(make('span'), make('small'));
  const rest = ['since', 'reason', 'number', 'number', 'number'].map((name, index) => {
    const cell = make('td', name);
    if (name !== 'reason') {
      cell.dataset.label = COLUMNS[index + 2];
    }
    return cell;
  });
  row.append(state, address, ...rest);
  return row;
}

function updateRow(row, endpoint, nowMs) {
  const [state, address, since, reason, check, calls, connections] = row.children;
  setData(state.firstElementChild, 'state', endpoint.state);
  setText(state.firstElementChild, endpoint.state);
  setText(address.firstElementChild, endpoint.address);
  setText(address.lastElementChild, [endpoint.hostname, endpoint.zone, ...endpoint.labels].filter((text) => text !== '').join(' · '));
  setText(since, formatDuration(nowMs - endpoint.sinceMs));
  since.title = formatMoment(endpoint.sinceMs);
  setText(reason, endpoint.reason);
  setText(check, formatLatency(endpoint.checkMs));
  check.title = endpoint.lastResultMs === null ? 'not checked yet' : `${formatDuration(nowMs - endpoint.lastResultMs)} ago`;
  setText(calls, endpoint.traffic === null ? '–' : String(endpoint.traffic.activeRequests));
  setText(connections, endpoint.traffic === null ? '–' : String(endpoint.traffic.connections));
}

function createTable(name) {
  const table = make('table');
  const caption = make('caption', 'unseen');
  caption.textContent = `Endpoints of ${name}`;
  const head = make('thead');
  const titles = make('tr');
  for (const [index, title] of COLUMNS.entries()) {
    const cell = make('th', index > 3 ? 'number' : '');
    cell.scope = 'col';
    cell.textContent = title;
    titles.append(cell);
  }
  head.append(titles);
  table.append(caption, head, make('tbody'));
  return table;
}

function createCluster(cluster) {
  const details = make('details', 'cluster');
  details.open = !cluster.healthy || cluster.endpoints.length <= MAX_OPEN_ENDPOINTS;
  const summary = make('summary');
  const strip = make('ol', 'strip');
  // The list of changes says the same in words.
  strip.setAttribute('aria-hidden', 'true');
  const bar = make('span', 'bar');
  bar.setAttribute('aria-hidden', 'true');
  summary.append(make('span', 'name'), make('span', 'badge'), make('span', 'quiet'), strip, make('span', 'traffic'), bar);
  details.append(summary, make('p', 'problem'), createTable(cluster.name), make('p', 'omitted quiet'));
  return details;
}

/** Calls in a second between the last two looks; null before there were two. */
function measureRate(details, { calls }, nowMs) {
  const { seen = { calls, nowMs, rate: null } } = details;
  const isNewer = nowMs > seen.nowMs && calls >= seen.calls;
  const rate = isNewer ? ((calls - seen.calls) * 1000) / (nowMs - seen.nowMs) : seen.rate;
  details.seen = { calls, nowMs, rate };
  return rate;
}

function describeTraffic(endpoints, rate) {
  const known = endpoints.flatMap(({ traffic }) => (traffic === null ? [] : [traffic]));
  const sum = (name) => known.reduce((total, traffic) => total + traffic[name], 0);
  const perSecond = rate === null ? '' : `${formatRate(rate)} calls/s, `;
  return known.length === 0 ? '' : `${perSecond}${sum('activeRequests')} under way on ${sum('connections')} connections`;
}

function updateCluster(details, cluster, nowMs) {
  const [summary, problem, table, omitted] = details.children;
  const [name, badge, words, strip, traffic, bar] = summary.children;
  setData(details, 'healthy', String(cluster.healthy || cluster.optional));
  setText(name, cluster.name);
  setData(badge, 'state', cluster.status);
  setText(badge, cluster.status);
  setText(words, cluster.optional ? `${cluster.summary} (optional)` : cluster.summary);
  setText(traffic, describeTraffic(cluster.all, measureRate(details, cluster, nowMs)));
  reconcile(strip, cluster.changes, {
    keyOf: ({ atMs, endpoint, to }) => `${atMs} ${endpoint} ${to}`,
    create: () => make('li'),
    update: (tick, change) => {
      setData(tick, 'state', change.to);
      tick.title = `${formatMoment(change.atMs)}: ${describeChange({ cluster: cluster.name, ...change })}`;
    },
  });
  const present = STATES.filter((state) => cluster.states[state] !== undefined);
  reconcile(bar, present, {
    keyOf: (state) => state,
    create: () => make('span'),
    update: (part, state) => {
      setData(part, 'state', state);
      part.style.flexGrow = String(cluster.states[state]);
    },
  });
  problem.hidden = cluster.discoveryReason === '';
  setText(problem, `Discovery failed: ${cluster.discoveryReason}`);
  table.hidden = cluster.endpoints.length === 0;
  reconcile(table.tBodies[0], cluster.endpoints, {
    keyOf: ({ address }) => address,
    create: createRow,
    update: (row, endpoint) => updateRow(row, endpoint, nowMs),
  });
  omitted.hidden = cluster.omitted === 0;
  setText(omitted, `${cluster.omitted} more endpoints are not shown: see /clusters`);
}

/** Shows clusters, whose `endpoints` are those that a filter has left of `all`. */
export function showClusters(parent, clusters, nowMs) {
  reconcile(parent, clusters, {
    keyOf: ({ name }) => name,
    create: createCluster,
    update: (details, cluster) => updateCluster(details, cluster, nowMs),
  });
}

/** Shows the last changes, the newest first, and returns them. */
export function showChanges(list, clusters) {
  const changes = clusters
    .flatMap(({ name, changes }) => changes.map((change) => ({ cluster: name, ...change })))
    .toSorted((one, other) => other.atMs - one.atMs)
    .slice(0, MAX_LISTED_CHANGES);
  reconcile(list, changes, {
    keyOf: ({ atMs, cluster, endpoint, to }) => `${atMs} ${cluster} ${endpoint} ${to}`,
    create: createChange,
    update: () => undefined,
  });
  return changes;
}

function createChange(change) {
  const item = make('li');
  const time = make('time', 'quiet');
  time.dateTime = new Date(change.atMs).toISOString();
  time.textContent = formatClock(change.atMs);
  const badge = make('span', 'badge');
  badge.dataset.state = change.to;
  badge.textContent = change.to;
  const endpoint = make('code');
  endpoint.textContent = change.endpoint;
  const reason = make('div', 'quiet');
  reason.textContent = [change.cluster, change.reason].filter((text) => text !== '').join(' · ');
  item.append(time, ' ', badge, ' ', endpoint, reason);
  return item;
}
