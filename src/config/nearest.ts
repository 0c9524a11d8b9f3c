/** The word that a mistyped one most likely stands for, or null: a letter or two apart, or alike but for case and underscores. */
export function findNearest(text: string, words: readonly string[]): string | null {
  const plain = simplify(text);
  const alike = words.find((word) => simplify(word) === plain);
  if (alike !== undefined) {
    return alike;
  }
  // One edit for each three letters: `port` is not a mistyped `path`.
  const ranked = words
    .map((word) => ({ word, distance: editDistance(plain, simplify(word)) }))
    .filter(({ word, distance }) => distance <= Math.min(2, Math.floor(word.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.word ?? null;
}

/** Longer texts resemble no key; comparing them costs their length times the key's. */
const MAX_COMPARED = 64;

function simplify(text: string): string {
  return text.slice(0, MAX_COMPARED).toLowerCase().replaceAll(/[_-]/g, '');
}

/** Insertions, deletions and replacements from one text to the other (Levenshtein), by rows. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
