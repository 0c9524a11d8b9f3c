import { type HealthAnswerOptions, HealthAnswers, refusal } from './health-answer.ts';
import { createProbeServer, type ProbeServer, type ProbeServerOptions } from './probe-server.ts';

/** Where an app reports to. */
export type HealthAppObserver = Pick<ProbeServerOptions, 'onProbe' | 'onError'>;

/** The health URLs for one audience. What a reload changes needs a new app. */
export function createHealthApp(options: HealthAnswerOptions & HealthAppObserver): ProbeServer {
  const answers = new HealthAnswers(options);
  return createProbeServer({ ...options, answer: (request) => answers.answer(request) });
}

/** For listeners with `health: none`: every URL is unknown there. */
export function createNoHealthApp(observer: HealthAppObserver): ProbeServer {
  return createProbeServer({ ...observer, answer: () => refusal(404, 'not found') });
}
