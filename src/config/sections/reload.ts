import { type Static, Type } from 'typebox';
import { closed, switchKey } from '../keys.ts';

/** The section `reload`. */
export const ReloadSchema = Type.Object(
  {
    watch: switchKey({
      description:
        "Whether a changed file is read again without being asked for, also when Kubernetes swaps a ConfigMap's `..data`. SIGHUP reads it in any case.",
      default: true,
    }),
  },
  closed({ description: 'How changes of this file come into force while the process runs.', default: {} }),
);

/** How changes of the configuration come into force. */
export type ReloadConfig = Readonly<Static<typeof ReloadSchema>>;
