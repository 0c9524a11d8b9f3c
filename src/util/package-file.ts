import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The path of a file that the package brings, such as `protos/health.proto`: the folder with package.json is one of those above this module,
 * in `src` and in `dist`, which has another depth.
 *
 * @throws Error when no folder above has package.json: files are missing.
 */
export function packageFile(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('no folder above this program has its package.json');
    }
    folder = parent;
  }
  return join(folder, path);
}
