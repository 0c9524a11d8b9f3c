import { computeVerdict } from '../../src/aggregation/bridge-verdict.ts';
import type { BridgeVerdict } from '../../src/aggregation/verdict.ts';
import { type Answer, type HealthAnswerOptions, HealthAnswers, type ProbeRequest } from '../../src/http/health-answer.ts';
import type { EndpointHealth } from '../../src/model/health-view.ts';
import { clusterHealth, policy, viewOf } from './health-views.ts';

/** A peer that is on another machine. */
export const REMOTE = '10.9.8.7';

/** The verdict over these clusters; a question mark behind the name makes one optional. */
export function verdictOf(clusters: Readonly<Record<string, readonly EndpointHealth[]>>): BridgeVerdict {
  const members = Object.keys(clusters).map((name) => ({ name: name.replace('?', ''), optional: name.endsWith('?') }));
  const view = viewOf(...Object.entries(clusters).map(([name, endpoints]) => clusterHealth(name.replace('?', ''), endpoints)));
  return computeVerdict(view, {
    clusters: members.map(({ name }) => policy(name)),
    health: { healthyWhen: 'any', clusters: members, groups: [{ name: 'everything', healthyWhen: 'all', clusters: members }] },
  });
}

/** Health URLs over a verdict that stands still, as a started bridge has them. */
export function answersOver(verdict: BridgeVerdict, changes: Partial<HealthAnswerOptions> = {}): HealthAnswers {
  return new HealthAnswers({
    verdict: () => verdict,
    lifecycle: () => ({ started: true, draining: false, maintenance: false }),
    audience: 'public',
    paths: ['/', '/healthz'],
    details: 'counts',
    statusHeader: true,
    failDuringDrain: true,
    retryAfterSeconds: 5,
    ...changes,
  });
}

/** A GET from another machine, unless said otherwise. */
export function ask(answers: HealthAnswers, url: string, changes: Partial<ProbeRequest> = {}): Answer {
  return answers.answer({ method: 'GET', url, accept: undefined, remoteAddress: REMOTE, ...changes });
}
