import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENVOY_LOG_FORMAT, MAX_LOG_OPERATORS, parseLogFormat } from '../../../src/model/log-format.ts';
import { parseTimeFormat } from '../../../src/model/time-format.ts';

const segments = (format: string): unknown => {
  const result = parseLogFormat(format);
  return result.kind === 'format' ? result.segments : result.message;
};

describe('formats of access logs', () => {
  it('are text and operators', () => {
    assert.deepEqual(segments('a %PROTOCOL%%% b'), [
      { kind: 'text', text: 'a ' },
      { kind: 'plain', operator: 'PROTOCOL' },
      { kind: 'text', text: '% b' },
    ]);
    assert.deepEqual(segments('%REQ(X-A?:Path):7%%TRAILER(b)%'), [
      { kind: 'field', operator: 'REQ', names: ['x-a', ':path'], maxOctets: 7 },
      { kind: 'field', operator: 'TRAILER', names: ['b'], maxOctets: null },
    ]);
    assert.deepEqual(segments('%GRPC_STATUS%%GRPC_STATUS(NUMBER)%'), [
      { kind: 'grpcStatus', form: 'CAMEL_STRING' },
      { kind: 'grpcStatus', form: 'NUMBER' },
    ]);
    assert.deepEqual(segments('%START_TIME()%%START_TIME(%s.%3f)%'), [
      { kind: 'startTime', parts: null },
      {
        kind: 'startTime',
        parts: [
          { kind: 'directive', letter: 's', digits: 9 },
          { kind: 'text', text: '.' },
          { kind: 'directive', letter: 'f', digits: 3 },
        ],
      },
    ]);
    assert.equal(parseLogFormat(ENVOY_LOG_FORMAT).kind, 'format');
  });

  for (const [format, message] of [
    ['', /must have an operator/],
    ['envoi', /must have an operator/],
    ['100 % %PROTOCOL%', /whole %OPERATOR% at character 5/],
    ['%PROTOCOL', /whole %OPERATOR% at character 1/],
    ['ab%protocol%', /whole %OPERATOR% at character 3/],
    ['%REQ(a:5%', /whole %OPERATOR%/],
    ['%CONNECTION_ID%', /operator %CONNECTION_ID%, which is not known here, at character 1/],
    ['x%DURATION():3%', /must not have a length behind %DURATION%.*, at character 2/],
    ['%DURATION(ms)%', /must not have parentheses in %DURATION%/],
    ['%REQ%', /one or two names of fields in %REQ\(\)%/],
    ['%REQ(a?b?c)%', /one or two names/],
    ['%RESP(a b)%', /one or two names of fields in %RESP/],
    ['%REQ(a):0%', /length from 1 to 4096 behind %REQ\(\)%, not 0/],
    ['%REQ(a):5000%', /length from 1 to 4096/],
    ['%GRPC_STATUS(WORDS)%', /one of CAMEL_STRING, SNAKE_STRING, NUMBER in %GRPC_STATUS\(\)%, not WORDS/],
    ['%START_TIME(%Q)%', /must not have %Q in a time/],
    ['%START_TIME(%Y%)%', /must not have % in a time/],
    ['%PROTOCOL%'.repeat(MAX_LOG_OPERATORS + 1), /at most 64 operators, not 65/],
  ] as const) {
    it(`refuses ${format.slice(0, 40) || 'nothing'}`, () => {
      const result = parseLogFormat(format);
      assert.equal(result.kind, 'invalid');
      assert.match(result.message, message);
    });
  }
});

describe('formats of times', () => {
  it('are text and directives', () => {
    assert.deepEqual(parseTimeFormat('a%%%n%t%5fb'), {
      kind: 'format',
      parts: [
        { kind: 'text', text: 'a' },
        { kind: 'text', text: '%' },
        { kind: 'text', text: '\n' },
        { kind: 'text', text: '\t' },
        { kind: 'directive', letter: 'f', digits: 5 },
        { kind: 'text', text: 'b' },
      ],
    });
  });
});
