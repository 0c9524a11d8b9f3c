/**
 * Prints what frames, HPACK and whole calls cost the engine, in time and in garbage, without sockets: `npm run bench:http2`. Figures of one
 * run compare with each other, not with those of another machine or hour.
 */
import { callBenches } from './calls.ts';
import { frameBenches, hpackBenches } from './coding.ts';
import { type Bench, measure, renderFigures } from './measure.ts';

const GROUPS: readonly (readonly [title: string, benches: readonly Bench[]])[] = [
  ['HPACK, per block', hpackBenches()],
  ['frames, per frame', frameBenches()],
  ['whole calls without a socket', callBenches()],
];

for (const [title, benches] of GROUPS) {
  console.log(`${renderFigures(title, benches.map(measure))}\n`);
}
