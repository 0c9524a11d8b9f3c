/** An object as it counts here; `ignored` is one that brings nothing; `invalid` says what is wrong. */
export type ItemResult<Item> =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'ignored'; readonly name: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Objects of one kind that are listed and watched. */
export interface Resource<Item extends { readonly name: string }> {
  /** One of them, in words. */
  readonly noun: string;
  /** Their name in RBAC and in URLs. */
  readonly plural: string;
  /** The API group and version in URLs. */
  readonly api: string;
  /** What of them is asked for; empty for all of the namespace. */
  readonly labelSelector: string;
  /** Whether their metadata is enough (Kubernetes API concepts, "Metadata-only fetches"). */
  readonly asMetadata: boolean;
  /** How many there may be. */
  readonly maxItems: number;
  /** How many are asked for at once. */
  readonly pageItems: number;
  readonly parse: (value: unknown) => ItemResult<Item>;
  /** Whether a change of one changes nothing here. */
  readonly isSame: (before: Item, after: Item) => boolean;
}
