import { type Static, Type } from 'typebox';
import { closed, fileKey, wordKey } from '../keys.ts';
import { sourceLabelsKey } from './labels.ts';

/** A source of `type: file`. */
export const FileSourceSchema = Type.Object(
  {
    type: wordKey(['file'], {
      description: 'A list of endpoints in a file of its own, which is watched. Envoy: EDS from `path_config_source`.',
    }),
    path: fileKey({
      description:
        'YAML or JSON: a list of endpoints as in a static source, with labels and weights, of at most 1 MiB. A change counts at once, also by a swap of links as Kubernetes does it; a file that is bad or gone keeps the endpoints of before.',
    }),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that a file lists.' }),
);

/** Endpoints that a file lists. */
export interface FileSourceConfig {
  readonly type: 'file';
  /** Relative to the working directory. */
  readonly path: string;
}

export function toFileConfig({ path }: Static<typeof FileSourceSchema>): FileSourceConfig {
  return { type: 'file', path };
}
