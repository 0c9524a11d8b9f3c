import type { BridgeVerdict } from '../aggregation/verdict.ts';
import { createPage, type PageSource } from './health-page.ts';
import { renderVerboseText } from './text-body.ts';

/** The text of `/healthz?verbose` with full details and without a limit, outside of any request. */
export function renderAggregateText(verdict: BridgeVerdict): string {
  const source: PageSource = {
    verdict,
    lifecycle: { started: true, draining: false, maintenance: false },
    failDuringDrain: false,
    excludes: new Set(),
    service: null,
    endpoints: true,
  };
  const page = createPage({ kind: 'aggregate', path: '/healthz' }, source);
  return page === null ? '' : renderVerboseText(page, 'full', Number.POSITIVE_INFINITY);
}
