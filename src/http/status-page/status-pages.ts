import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AdminAnswer, adminAnswer } from '../admin-answer.ts';
import type { AdminPage } from '../admin-pages.ts';
import { renderSnapshot, type StatusSource } from './snapshot.ts';

/** One snapshot answers all that ask within this time, so that many open pages cost as much as few. Milliseconds. */
export const SNAPSHOT_FRESH_MS = 250;

/** Nothing but what this listener serves itself, and nothing inline; no page may frame it, and no form leads anywhere. */
const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** By path: the file in assets/, and its type. */
const ASSETS: readonly (readonly [path: string, file: string, contentType: string])[] = [
  ['/', 'status.html', 'text/html; charset=utf-8'],
  ['/status.css', 'status.css', 'text/css; charset=utf-8'],
  ['/status-colors.css', 'status-colors.css', 'text/css; charset=utf-8'],
  ['/status-table.css', 'status-table.css', 'text/css; charset=utf-8'],
  ['/status.js', 'status.js', 'text/javascript; charset=utf-8'],
  ['/status-view.js', 'status-view.js', 'text/javascript; charset=utf-8'],
  ['/status-format.js', 'status-format.js', 'text/javascript; charset=utf-8'],
  ['/status.svg', 'status.svg', 'image/svg+xml'],
];

/** The status page: files read once, which say nothing of this bridge, and the data that the page asks for. */
export function createStatusPages(source: StatusSource): ReadonlyMap<string, AdminPage> {
  const pages = new Map<string, AdminPage>();
  for (const [path, file, contentType] of ASSETS) {
    const body = readFileSync(fileURLToPath(new URL(`assets/${file}`, import.meta.url)));
    const answer = adminAnswer(200, contentType, body, { 'content-security-policy': SECURITY_POLICY });
    pages.set(path, { method: 'GET', isOpen: true, answer: () => answer });
  }
  pages.set('/status.json', { method: 'GET', answer: shareSnapshots(source) });
  return pages;
}

function shareSnapshots(source: StatusSource): () => AdminAnswer {
  let last: AdminAnswer | null = null;
  let lastMs = 0;
  return () => {
    const nowMs = source.now();
    // A clock that was set back must not keep an old answer alive.
    if (last === null || Math.abs(nowMs - lastMs) >= SNAPSHOT_FRESH_MS) {
      last = adminAnswer(200, 'application/json', renderSnapshot(source));
      lastMs = nowMs;
    }
    return last;
  };
}
