import { MAX_MEDIA_RANGES, parseQuality } from './accept.ts';

/** The two formats of an answer to a scrape. */
export type MetricsFormat = 'text' | 'openMetrics';

const OPEN_METRICS = 'application/openmetrics-text';
/** Versions of OpenMetrics whose readers understand ours. */
const VERSIONS: ReadonlySet<string> = new Set(['', '1.0.0', '0.0.1']);
const TEXT: ReadonlySet<string> = new Set(['text/plain', 'text/*', '*/*']);

/**
 * The format that the Accept field asks for. OpenMetrics has to be named, and liked at least as much as text; whoever asks for neither gets
 * text, as no scrape is refused over its format.
 */
export function chooseMetricsFormat(accept: string | undefined): MetricsFormat {
  let open = 0;
  let text = 0;
  for (const range of (accept ?? '').split(',', MAX_MEDIA_RANGES)) {
    const [type = '', ...parameters] = range.split(';');
    const name = type.trim().toLowerCase();
    if (name === OPEN_METRICS && VERSIONS.has(versionOf(parameters))) {
      open = Math.max(open, parseQuality(parameters));
    } else if (TEXT.has(name)) {
      text = Math.max(text, parseQuality(parameters));
    }
  }
  return open > 0 && open >= text ? 'openMetrics' : 'text';
}

function versionOf(parameters: readonly string[]): string {
  const found = parameters.map((each) => each.trim().toLowerCase()).find((each) => each.startsWith('version='));
  return found?.slice('version='.length) ?? '';
}
