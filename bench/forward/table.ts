import { readFileSync, writeFileSync } from 'node:fs';

/** One measurement: a proxy under one shape in one round. */
export interface Cell {
  readonly round: number;
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

/** The proxy that is compared with the others. */
const OURS = 'grpc-health-bridge';

/** Three tables in Markdown: median CPU per call with its spread, how it compares within each round, and median p99. */
export function renderTable(cells: readonly Cell[], proxies: readonly string[], shapes: readonly string[]): string {
  return [
    'CPU of the proxy in µs per call: median (least–most)',
    renderOne(cells, proxies, shapes, ({ cpuUs }) => cpuUs),
    '',
    `CPU of ${OURS} over that of each other in the same round: median (least–most)`,
    renderRatios(cells, proxies, shapes),
    '',
    'p99 in ms under the same closed loop: median (least–most)',
    renderOne(cells, proxies, shapes, ({ p99Us }) => p99Us / 1000),
  ].join('\n\n');
}

/** Both of a round have run within seconds of each other: a machine that is slower for a while makes both dearer. */
function renderRatios(cells: readonly Cell[], proxies: readonly string[], shapes: readonly string[]): string {
  const key = ({ shape, round }: Cell): string => `${shape}\0${round}`;
  const ours = new Map(cells.filter(({ proxy }) => proxy === OURS).map((cell) => [key(cell), cell.cpuUs]));
  const others = proxies.filter((proxy) => proxy !== OURS);
  return renderOne(cells, others, shapes, (cell) => (ours.get(key(cell)) ?? Number.NaN) / cell.cpuUs, toHundredths);
}

/** Two tables of what access logs make of each round: what they add to the CPU, and how many times as long the p99 is. */
export function renderAdded(cells: readonly Cell[], proxies: readonly string[], shapes: readonly string[]): string {
  const key = ({ proxy, shape, round }: Cell): string => `${proxy}\0${shape}\0${round}`;
  const without = new Map(cells.filter(({ hasLogs }) => !hasLogs).map((cell) => [key(cell), cell]));
  const pairs = cells.flatMap((cell) => {
    const other = cell.hasLogs ? without.get(key(cell)) : undefined;
    return other === undefined ? [] : [{ ...cell, addedUs: cell.cpuUs - other.cpuUs, p99Ratio: cell.p99Us / other.p99Us }];
  });
  return [
    'What logs add in the same round, in µs per call: median (least–most)',
    renderOne(pairs, proxies, shapes, ({ addedUs }) => addedUs),
    '',
    'p99 with logs over p99 without in the same round: median (least–most)',
    renderOne(pairs, proxies, shapes, ({ p99Ratio }) => p99Ratio, toHundredths),
  ].join('\n\n');
}

function renderOne<Each extends Cell>(
  cells: readonly Each[],
  proxies: readonly string[],
  shapes: readonly string[],
  figureOf: (cell: Each) => number,
  format: (figure: number) => string = toDigits,
): string {
  const rows = proxies.map((proxy) => {
    const columns = shapes.map((shape) => {
      const figures = cells
        .filter((cell) => cell.proxy === proxy && cell.shape === shape)
        .map(figureOf)
        .sort((a, b) => a - b);
      const words = [figures[Math.floor(figures.length / 2)], figures[0], figures.at(-1)].map((figure) =>
        figure === undefined ? '–' : format(figure),
      );
      return `${words[0]} (${words[1]}–${words[2]})`;
    });
    return `| ${proxy} | ${columns.join(' | ')} |`;
  });
  return [`| proxy | ${shapes.join(' | ')} |`, `|---|${shapes.map(() => '---|').join('')}`, ...rows].join('\n');
}

function toDigits(figure: number): string {
  return Math.abs(figure) >= 10 ? figure.toFixed(0) : figure.toFixed(1);
}

function toHundredths(figure: number): string {
  return figure.toFixed(2);
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
