import { describeChange, formatDuration, wholeOf } from './status-format.js';
import { showChanges, showClusters } from './status-view.js';

/** Between two looks, and after one that failed. Milliseconds. */
const INTERVAL_MS = 1_000;
const RETRY_MS = 2_000;
/** An answer comes from memory: one that takes this long does not come. Milliseconds. */
const DEADLINE_MS = 5_000;
/** Where the token of this tab is kept. */
const TOKEN = 'token';

const element = (id) => document.getElementById(id);
const view = { showLast: () => undefined, paused: false, needsToken: false, newestMs: 0, answeredMs: Date.now(), timer: 0, asking: false };

/** What the filter and the checkbox leave. */
function selectClusters({ clusters }) {
  const text = element('filter').value.trim().toLowerCase();
  const onlyFailing = element('failing').checked;
  const has = (...texts) => texts.some((each) => each.toLowerCase().includes(text));
  return clusters
    .map((cluster) => {
      const isNamed = has(cluster.name);
      const endpoints = cluster.endpoints.filter(
        ({ address, hostname, reason, state }) =>
          (isNamed || has(address, hostname, reason, state)) && !(onlyFailing && state === 'healthy'),
      );
      return { ...cluster, all: cluster.endpoints, endpoints, isNamed };
    })
    .filter(({ endpoints, isNamed, healthy, status }) =>
      onlyFailing ? endpoints.length > 0 || (isNamed && (!healthy || status !== 'healthy')) : endpoints.length > 0 || isNamed,
    );
}

function show(snapshot) {
  const { state, word } = wholeOf(snapshot);
  const endpoints = snapshot.clusters.reduce((sum, { available }) => sum + available, 0);
  const total = snapshot.clusters.reduce((sum, { total }) => sum + total, 0);
  const counts = `${snapshot.clusters.filter(({ healthy }) => healthy).length} of ${snapshot.clusters.length} clusters, ${endpoints} of ${total} endpoints healthy`;
  element('whole').dataset.state = state;
  element('whole').textContent = word;
  element('counts').textContent = counts;
  element('version').textContent = snapshot.version;
  document.title = `${word} · grpc-health-bridge`;
  showNotice(snapshot);
  showClusters(element('clusters'), selectClusters(snapshot), snapshot.nowMs);
  const changes = showChanges(element('change-list'), snapshot.clusters);
  element('no-changes').hidden = changes.length > 0;
  sayNewest(changes);
}

function showNotice({ draining, maintenance }) {
  const text = draining
    ? 'The bridge is draining: it takes leave of its clients, and readiness fails.'
    : maintenance
      ? 'An operator has put the bridge into maintenance: readiness and the aggregate fail until POST /healthcheck/ok.'
      : '';
  element('notice').hidden = text === '';
  element('notice').textContent = text;
}

/** Tells who listens rather than looks, of what changes after the page has come. */
function sayNewest([newest]) {
  if (newest === undefined || newest.atMs <= view.newestMs) {
    return;
  }
  if (view.newestMs > 0) {
    element('said').textContent = describeChange(newest);
  }
  view.newestMs = newest.atMs;
}

function showLive() {
  const live = element('live');
  const silentMs = Date.now() - view.answeredMs;
  const isSilent = !view.paused && silentMs > DEADLINE_MS;
  document.body.toggleAttribute('data-stale', isSilent);
  live.dataset.live = view.paused ? 'wait' : isSilent ? 'no' : 'yes';
  live.textContent = view.paused ? 'Paused' : isSilent ? `No answer for ${formatDuration(silentMs)}` : 'Live';
}

async function ask() {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch('/status.json', {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  view.needsToken = response.status === 401;
  element('login').hidden = !view.needsToken;
  if (view.needsToken) {
    element('login-problem').textContent = token === null ? '' : 'This token is not accepted.';
    sessionStorage.removeItem(TOKEN);
  } else if (response.ok) {
    const snapshot = await response.json();
    view.showLast = () => show(snapshot);
    view.showLast();
  } else {
    throw new Error(`answered ${response.status}`);
  }
  view.answeredMs = Date.now();
}

/** One look at a time; the next one is planned when this one has ended. */
async function look() {
  clearTimeout(view.timer);
  if (view.asking || view.paused || document.hidden) {
    return;
  }
  view.asking = true;
  let delayMs = INTERVAL_MS;
  try {
    await ask();
  } catch {
    // What it means is how long there has been no answer, which is shown.
    delayMs = RETRY_MS;
  }
  view.asking = false;
  showLive();
  if (!view.needsToken) {
    view.timer = setTimeout(() => void look(), delayMs);
  }
}

function showAgain() {
  view.showLast();
}

element('filter').addEventListener('input', showAgain);
element('failing').addEventListener('change', showAgain);
element('tools').addEventListener('submit', (event) => event.preventDefault());
element('pause').addEventListener('click', () => {
  view.paused = !view.paused;
  element('pause').setAttribute('aria-pressed', String(view.paused));
  showLive();
  void look();
});
element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, element('token').value.trim());
  element('token').value = '';
  void look();
});
document.addEventListener('visibilitychange', () => void look());
void look();
