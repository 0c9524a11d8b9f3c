import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Child } from './child.ts';
import { builtTool } from './tools.ts';
import { WorkFolder } from './work-folder.ts';

export interface PacedCalls {
  readonly perSecond: number;
  readonly seconds: number;
}

/** A part of what ghz writes. */
interface Report {
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  readonly details: readonly { readonly latency: number }[];
}

/** Before each load, ghz asks for the description of the service. */
export const CALLS_BEFORE_PACED = 1;
const CONNECTIONS = 8;
const CALLS_AT_A_TIME = 10;
/** What ghz may take longer. Seconds. */
const PATIENCE_SECONDS = 30;
const NS_PER_MS = 1_000_000;

/** Health checks by ghz at a steady pace, over some connections; all must succeed. How long each took, in milliseconds. */
export async function callPaced(address: string, { perSecond, seconds }: PacedCalls): Promise<readonly number[]> {
  await using folder = await WorkFolder.create();
  const count = String(perSecond * seconds);
  const file = `${folder.path}/report.json`;
  const shape = [
    '-c',
    String(CONNECTIONS * CALLS_AT_A_TIME),
    '--connections',
    String(CONNECTIONS),
    '-r',
    String(perSecond),
    '-n',
    count,
  ];
  const what = ['--insecure', '--call', 'grpc.health.v1.Health.Check', '--format', 'json', '--output', file, address];
  await using ghz = await Child.start(builtTool('ghz'), [...shape, ...what]);
  await ghz.exit((seconds + PATIENCE_SECONDS) * 1_000);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as ghz writes it
  const report = JSON.parse(await readFile(file, 'utf8')) as Report;
  assert.deepEqual(report.statusCodeDistribution, { OK: perSecond * seconds });
  return report.details.map(({ latency }) => latency / NS_PER_MS);
}
