// Builds dist/: the program in a few files instead of a thousand, which take longer to find and load than everything else at its start
// (docs/decisions/0016-esbuild.md). Types are checked by `npm run typecheck`.
import { cp, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const OUT = 'dist';
/** All but the entry is in files here; what is read beside a module at run time lies beside these. */
const CHUNKS = 'chunks';
/** Of packages this one alone is built in: it has 700 files. The others keep theirs, and so what they look for beside them. */
const BUILT_IN = new Set(['typebox', 'typebox/value']);

await rm(OUT, { recursive: true, force: true });
await build({
  entryPoints: ['src/main.ts'],
  outdir: OUT,
  chunkNames: `${CHUNKS}/[name]-[hash]`,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  logLevel: 'warning',
  plugins: [
    {
      name: 'packages',
      setup: (hooks) => {
        hooks.onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) =>
          kind === 'entry-point' || BUILT_IN.has(path) ? undefined : { path, external: true },
        );
      },
    },
  ],
});
await cp('src/http/status-page/assets', `${OUT}/${CHUNKS}/assets`, { recursive: true });
