import type { Registry } from 'prom-client';

/** Text is version 0.0.4 of Prometheus' text format; OpenMetrics is version 1.0. */
export type MetricsFormat = 'text' | 'openMetrics';

/** The media types of both, in full. */
export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** A metric with all that is known of it at one moment. */
export interface MetricFamily {
  /** With `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** `name{labels} value`, without line ends. */
  readonly lines: readonly string[];
}

/** Label values may hold any character: these three would end them. */
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['"', '\\"'],
]);
const TOTAL = '_total';

/** `a="1",b="2"`, in the order of the object. */
export function formatLabels(labels: Readonly<Record<string, string | number>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeText(String(value), /[\\\n"]/g)}"`)
    .join(',');
}

/** What a registry of prom-client holds now. */
export async function readRegistry(registry: Registry): Promise<readonly MetricFamily[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ name, help, type, values }) => ({
    name,
    help,
    type: toType(type),
    lines: values.map((sample) => {
      const sampleName = 'metricName' in sample && typeof sample.metricName === 'string' ? sample.metricName : name;
      return formatSample(sampleName, toPlainLabels(sample.labels), sample.value);
    }),
  }));
}

/** One line. */
export function formatSample(name: string, labels: Readonly<Record<string, string | number>>, value: number): string {
  const text = formatLabels(labels);
  return `${name}${text === '' ? '' : `{${text}}`} ${formatValue(value)}`;
}

/** The whole answer to a scrape. */
export function renderMetrics(families: readonly MetricFamily[], format: MetricsFormat): string {
  const isOpen = format === 'openMetrics';
  const lines: string[] = [];
  for (const { name, help, type, lines: samples } of families) {
    // In OpenMetrics `_total` belongs to the sample, not to the family.
    const family = isOpen && type === 'counter' && name.endsWith(TOTAL) ? name.slice(0, -TOTAL.length) : name;
    lines.push(`# HELP ${family} ${escapeText(help, isOpen ? /[\\\n"]/g : /[\\\n]/g)}`, `# TYPE ${family} ${type}`);
    for (const sample of samples) {
      lines.push(sample);
    }
  }
  lines.push(isOpen ? '# EOF\n' : '');
  return lines.join('\n');
}

function escapeText(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => ESCAPED.get(character) ?? character);
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) {
    return String(value);
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function toPlainLabels(labels: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]): [string, string | number][] => (value === undefined ? [] : [[name, value]])),
  );
}

/** prom-client has words where its declarations have numbers. */
function toType(type: unknown): MetricFamily['type'] {
  if (type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary') {
    return type;
  }
  throw new TypeError(`a metric of the type ${String(type)}`);
}
