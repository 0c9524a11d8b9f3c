import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const RENDERED = fileURLToPath(new URL('../../k8s/rendered/', import.meta.url));

/** An object of a manifest, as it is in YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly object: object;
}

/** What one overlay renders to: the name of its folder, or `base`. */
export interface Overlay {
  readonly name: string;
  readonly manifests: readonly Manifest[];
}

/** Follows keys and list positions through parsed YAML. */
export function at(tree: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    tree,
  );
}

/** The list there, or none. */
export function listAt(tree: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(tree, ...path);
  return Array.isArray(found) ? found : [];
}

/** The text there, or an empty one. */
export function textAt(tree: unknown, ...path: readonly (string | number)[]): string {
  const found = at(tree, ...path);
  return typeof found === 'string' ? found : '';
}

/** Every rendered overlay, as `npm run k8s:render` left it. */
export function readOverlays(): readonly Overlay[] {
  return readdirSync(RENDERED).map((file) => ({
    name: file.replace('.yaml', ''),
    manifests: parseAllDocuments(readFileSync(RENDERED + file, 'utf8')).map((document) => toManifest(document.toJS(), file)),
  }));
}

function toManifest(object: unknown, file: string): Manifest {
  if (typeof object !== 'object' || object === null) {
    throw new TypeError(`${file} has a document that is no object`);
  }
  return {
    apiVersion: textAt(object, 'apiVersion'),
    kind: textAt(object, 'kind'),
    name: textAt(object, 'metadata', 'name'),
    object,
  };
}
