import type { BridgeVerdict } from '../aggregation/verdict.ts';
import { renderHealthJson } from './health-json-body.ts';
import { createPage, type HealthPage, type PageSource } from './health-page.ts';
import { renderVerboseText } from './text-body.ts';

/** The text of `/healthz?verbose` with full details and without a limit, outside of any request. */
export function renderAggregateText(verdict: BridgeVerdict): string {
  const page = aggregatePage(verdict);
  return page === null ? '' : renderVerboseText(page, 'full', Number.POSITIVE_INFINITY);
}

/** The same of `/healthz?format=json`: one line, without its end. */
export function renderAggregateJson(verdict: BridgeVerdict): string {
  const page = aggregatePage(verdict);
  return page === null ? '' : renderHealthJson(page, 'full', Number.POSITIVE_INFINITY);
}

function aggregatePage(verdict: BridgeVerdict): HealthPage | null {
  const source: PageSource = {
    verdict,
    lifecycle: { started: true, draining: false, maintenance: false },
    failDuringDrain: false,
    excludes: new Set(),
    service: null,
    endpoints: true,
  };
  return createPage({ kind: 'aggregate', path: '/healthz' }, source);
}
