import { type AdminAnswer, adminAnswer, textAnswer } from './admin-answer.ts';
import { renderClustersJson } from './admin-clusters-json.ts';
import { renderClustersText } from './admin-clusters-text.ts';
import type { AdminCluster } from './admin-host.ts';
import type { Lifecycle } from './health-page.ts';

/** Log levels that may be asked for, the quietest last. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the admin listener shows and turns of the bridge. */
export interface AdminControl {
  readonly lifecycle: () => Lifecycle;
  readonly clusters: () => readonly AdminCluster[];
  /** The configuration in force as YAML, without secrets. */
  readonly renderConfig: () => string;
  /** Both return whether anything changed. */
  readonly setMaintenance: (maintenance: boolean) => boolean;
  readonly startDrain: () => boolean;
  readonly setLogLevel: (level: LogLevel) => void;
}

/** A URL of the admin listener. Whatever changes something is a POST: links, images and prefetching send GET alone. */
export interface AdminPage {
  readonly method: 'GET' | 'POST';
  /** Told without the token, as it says nothing of the bridge. */
  readonly isOpen?: boolean;
  readonly answer: (query: URLSearchParams) => AdminAnswer;
}

/** The pages by path, the status page and `/metrics` aside. */
export function createAdminPages(control: AdminControl): ReadonlyMap<string, AdminPage> {
  return new Map<string, AdminPage>([
    ['/clusters', { method: 'GET', answer: (query) => answerClusters(control, query) }],
    ['/config', { method: 'GET', answer: () => adminAnswer(200, 'application/yaml', control.renderConfig()) }],
    ['/ready', { method: 'GET', answer: () => answerReady(control.lifecycle()) }],
    ['/healthcheck/fail', { method: 'POST', answer: () => answerMaintenance(control, true) }],
    ['/healthcheck/ok', { method: 'POST', answer: () => answerMaintenance(control, false) }],
    ['/drain', { method: 'POST', answer: () => answerDrain(control) }],
    ['/logging', { method: 'POST', answer: (query) => answerLogging(control, query.get('level')) }],
  ]);
}

function answerClusters(control: AdminControl, query: URLSearchParams): AdminAnswer {
  // As with Envoy, whatever is not json is text.
  return query.get('format') === 'json'
    ? adminAnswer(200, 'application/json', renderClustersJson(control.clusters()))
    : adminAnswer(200, 'text/plain; charset=UTF-8', renderClustersText(control.clusters()));
}

/** Envoy's words and codes: an Envoy's reader waits for LIVE. */
function answerReady({ started, draining, maintenance }: Lifecycle): AdminAnswer {
  const word = draining || maintenance ? 'DRAINING' : started ? 'LIVE' : 'INITIALIZING';
  return textAnswer(word === 'LIVE' ? 200 : 503, word);
}

function answerMaintenance(control: AdminControl, maintenance: boolean): AdminAnswer {
  const changed = control.setMaintenance(maintenance);
  const state = maintenance ? 'in maintenance: readiness and the aggregate fail' : 'not in maintenance';
  return textAnswer(200, changed ? state : `${state}, as before`);
}

function answerDrain(control: AdminControl): AdminAnswer {
  return textAnswer(200, control.startDrain() ? 'draining; the process goes on until it is told to stop' : 'draining already');
}

function answerLogging(control: AdminControl, level: string | null): AdminAnswer {
  const known = LOG_LEVELS.find((each) => each === level);
  if (known === undefined) {
    return textAnswer(400, `needs ?level= with one of ${LOG_LEVELS.join(', ')}`);
  }
  control.setLogLevel(known);
  return textAnswer(200, `logging: ${known}`);
}
