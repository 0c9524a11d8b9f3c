import { chmodSync, copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.ts';

/** What the Dockerfile's last stage copies beside the dependencies, from the root of the project. */
const COPIED = ['dist', 'protos', 'package.json', 'LICENSE'];
const INSTALLED_FROM = ['package.json', 'package-lock.json', '.npmrc'];

/** A part of the image: a folder or package, and the octets of its files. */
export interface Part {
  readonly name: string;
  readonly files: number;
  readonly octets: number;
}

/** A production dependency as its own package.json describes it. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/**
 * Makes below `image` what the Dockerfile makes: the application in /app, Node in /nodejs/bin, nothing that its user may write to. `dist/` must be
 * built. The base image's own files (C library, certificates, time zones) are not there.
 */
export async function createFileSet(root: string, image: string): Promise<void> {
  const app = join(image, 'app');
  const node = join(image, 'nodejs/bin/node');
  mkdirSync(app, { recursive: true });
  mkdirSync(join(image, 'nodejs/bin'), { recursive: true });
  for (const file of INSTALLED_FROM) {
    copyFileSync(join(root, file), join(app, file));
  }
  // The words of the Dockerfile.
  await runCommand('npm', ['ci', '--omit=dev', '--ignore-scripts'], { directory: app });
  for (const file of INSTALLED_FROM) {
    rmSync(join(app, file));
  }
  for (const name of COPIED) {
    cpSync(join(root, name), join(app, name), { recursive: true });
  }
  copyFileSync(process.execPath, node);
  for (const file of globSync('**', { cwd: image, withFileTypes: true })) {
    if (!file.isSymbolicLink()) {
      chmodSync(join(file.parentPath, file.name), file.isDirectory() || file.parentPath.endsWith('/bin') ? 0o555 : 0o444);
    }
  }
}

/** Sizes by folder of /app, and each package of its dependencies on its own; the largest first. */
export function listParts(image: string): readonly Part[] {
  const parts = new Map<string, { files: number; octets: number }>();
  for (const path of globSync('**', { cwd: image })) {
    const stats = statSync(join(image, path));
    if (stats.isFile()) {
      const part = parts.get(partOf(path)) ?? { files: 0, octets: 0 };
      parts.set(partOf(path), { files: part.files + 1, octets: part.octets + stats.size });
    }
  }
  return [...parts].map(([name, size]) => ({ name, ...size })).sort((a, b) => b.octets - a.octets);
}

function partOf(path: string): string {
  const [top = '', second = '', third = '', fourth = ''] = path.split('/');
  if (second !== 'node_modules') {
    return `${top}/${second}`;
  }
  return third.startsWith('@') ? `${third}/${fourth}` : third;
}

/** Every installed package, by name. A package without a licence is an error: it may not be shipped. */
export function listDependencies(image: string): readonly Dependency[] {
  const modules = join(image, 'app/node_modules');
  return globSync(['**/node_modules/{*,@*/*}/package.json', '{*,@*/*}/package.json'], { cwd: modules })
    .map((path) => {
      const { name, version, license } = readManifest(join(modules, path));
      if (license === '') {
        throw new Error(`${path} names no licence`);
      }
      return { name, version, licence: license };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function readManifest(path: string): Readonly<Record<'name' | 'version' | 'license', string>> {
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const text = (key: string): string => {
    const value: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { name: text('name'), version: text('version'), license: text('license') };
}
