/** A length of time as two units at most: `42 s`, `3 min 5 s`, `2 d 4 h`. */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  return first < 0
    ? '0 s'
    : units
        .slice(first, first + 2)
        .filter(([count]) => count > 0)
        .map(([count, unit]) => `${count} ${unit}`)
        .join(' ');
}

/** Milliseconds of a check; nothing before the first. */
export function formatLatency(ms) {
  return ms === null ? '–' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Calls in a second: one decimal while there are few. */
export function formatRate(rate) {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}

/** The time of day on the clock of whoever looks. */
export function formatClock(ms) {
  return new Date(ms).toLocaleTimeString([], { hourCycle: 'h23' });
}

/** A moment with its day, for who points at a length of time. */
export function formatMoment(ms) {
  return new Date(ms).toLocaleString([], { hourCycle: 'h23' });
}

/** What the bridge as a whole is: the state that colours it, and its word. */
export function wholeOf(snapshot) {
  if (snapshot.draining) {
    return { state: 'draining', word: 'Draining' };
  }
  if (snapshot.maintenance) {
    return { state: 'draining', word: 'In maintenance' };
  }
  if (!snapshot.started) {
    return { state: 'pending', word: 'Starting' };
  }
  return { state: snapshot.status, word: snapshot.status.charAt(0).toUpperCase() + snapshot.status.slice(1) };
}

/** A change in words. */
export function describeChange({ cluster, endpoint, to, reason }) {
  return `${cluster} ${endpoint} is ${to}${reason === '' ? '' : `: ${reason}`}`;
}
