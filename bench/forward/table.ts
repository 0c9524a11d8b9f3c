import { readFileSync, writeFileSync } from 'node:fs';

/** One measurement: a proxy under one shape in one round. */
export interface Cell {
  readonly proxy: string;
  /** Whether it wrote access logs. */
  readonly hasLogs: boolean;
  readonly shape: string;
  /** CPU of the whole proxy process per call. Microseconds. */
  readonly cpuUs: number;
  readonly perSecond: number;
  /** 99th percentile of the latency under this closed loop; 0 if unknown. Microseconds. */
  readonly p99Us: number;
}

const PAGE = new URL('../../docs/performance.md', import.meta.url);

/** Two tables in Markdown: median CPU per call with its spread, and median p99. The best of each column is bold. */
export function renderTable(cells: readonly Cell[], proxies: readonly string[], shapes: readonly string[]): string {
  return [
    'CPU of the proxy in µs per call: median (least–most)',
    renderOne(cells, proxies, shapes, ({ cpuUs }) => cpuUs),
    '',
    'p99 in ms under the same closed loop: median (least–most)',
    renderOne(cells, proxies, shapes, ({ p99Us }) => p99Us / 1000),
  ].join('\n\n');
}

function renderOne(
  cells: readonly Cell[],
  proxies: readonly string[],
  shapes: readonly string[],
  figureOf: (cell: Cell) => number,
): string {
  const rows = proxies.map((proxy) => {
    const columns = shapes.map((shape) => {
      const figures = cells
        .filter((cell) => cell.proxy === proxy && cell.shape === shape)
        .map(figureOf)
        .sort((a, b) => a - b);
      return `${format(figures[Math.floor(figures.length / 2)])} (${format(figures[0])}–${format(figures.at(-1))})`;
    });
    return `| ${proxy} | ${columns.join(' | ')} |`;
  });
  return [`| proxy | ${shapes.join(' | ')} |`, `|---|${shapes.map(() => '---|').join('')}`, ...rows].join('\n');
}

function format(figure: number | undefined): string {
  return figure === undefined ? '–' : figure >= 10 ? figure.toFixed(0) : figure.toFixed(1);
}

/** Puts a table between its marks in docs/performance.md. */
export function writeTable(name: string, table: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const start = `<!-- ${name} -->`;
  const end = `<!-- end of ${name} -->`;
  const from = page.indexOf(start);
  const until = page.indexOf(end);
  if (from < 0 || until < from) {
    throw new Error(`docs/performance.md has no place for ${name}`);
  }
  writeFileSync(PAGE, `${page.slice(0, from + start.length)}\n\n${table}\n\n${page.slice(until)}`);
}
