import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTraceParent, parseTraceParent, TraceIds } from '../../../../src/observability/tracing/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a traceparent', () => {
  const good: readonly (readonly [text: string, flags: number, sent: string])[] = [
    [`00-${TRACE}-${SPAN}-01`, 1, `00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-00`, 0, `00-${TRACE}-${SPAN}-00`],
    [`00-${TRACE}-${SPAN}-03`, 3, `00-${TRACE}-${SPAN}-03`],
    [`00-${TRACE}-${SPAN}-ff`, 255, `00-${TRACE}-${SPAN}-03`],
    [`01-${TRACE}-${SPAN}-01`, 1, `00-${TRACE}-${SPAN}-01`],
    [`cc-${TRACE}-${SPAN}-01-what the future holds`, 1, `00-${TRACE}-${SPAN}-01`],
  ];
  for (const [text, flags, sent] of good) {
    it(`is read and sent on: ${text}`, () => {
      const context = parseTraceParent(text);
      assert.deepEqual(context, { traceId: TRACE, spanId: SPAN, flags });
      assert.equal(context === null ? '' : formatTraceParent(context), sent);
    });
  }

  const bad: readonly string[] = [
    '',
    'x',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `cc-${TRACE}-${SPAN}-01more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN.slice(1)}g-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`,
  ];
  for (const text of bad) {
    it(`is none: "${text}"`, () => {
      assert.equal(parseTraceParent(text), null);
    });
  }
});

describe('ids of traces and spans', () => {
  it('differ, and are random octets, of which none is used twice', () => {
    let fills = 0;
    const ids = new TraceIds((pool) => {
      fills++;
      for (let at = 0; at < pool.length; at += 8) {
        pool.writeDoubleBE(fills + at / pool.length, at);
      }
    });
    const seen = new Set<string>();
    for (let count = 0; count < 500; count++) {
      seen.add(ids.traceId().slice(16)).add(ids.spanId());
    }
    assert.equal(seen.size, 1000);
    assert.equal(fills, 3);
  });

  it('are such as others accept', () => {
    const ids = new TraceIds();
    const context = { traceId: ids.traceId(), spanId: ids.spanId(), flags: 1 };
    assert.deepEqual(parseTraceParent(formatTraceParent(context)), context);
  });
});
