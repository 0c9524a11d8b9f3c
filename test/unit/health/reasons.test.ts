import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConnectionFacts } from '../../../src/health/grpc-connection.ts';
import { type CallEnd, explainCallEnd, explainTimeout, formatMs, MAX_REASON_LENGTH } from '../../../src/health/reasons.ts';
import { describeSocketError, describeTlsError } from '../../../src/util/socket-reasons.ts';

const READY: ConnectionFacts = {
  stage: 'ready',
  connectTimeoutMs: null,
  lost: false,
  error: null,
  bytesRead: 100,
  secure: false,
  clientCertificate: false,
};
const STAGES = ['tcp', 'tls', 'http2', 'ready'] as const;

function end(code: number, details = '', contentType = ''): CallEnd {
  return { code, details, contentType };
}

function failure(code: string): Error {
  return Object.assign(new Error(`message of ${code}`), { code });
}

describe('explainCallEnd', () => {
  for (const [name, call, facts, word, reason] of [
    [
      'a refused connection',
      end(14, 'Last error: Error: connect ECONNREFUSED ::1:80'),
      { stage: 'tcp' },
      'connect_failed',
      'connection refused',
    ],
    ['an unreachable host', end(14, 'connect EHOSTUNREACH 10.0.0.1:80'), { stage: 'tcp' }, 'connect_failed', 'host unreachable'],
    ['a name that does not resolve', end(14, 'getaddrinfo ENOTFOUND x'), { stage: 'tcp' }, 'connect_failed', 'name not found'],
    ['an error without a known code', end(14, 'boom'), { stage: 'tcp' }, 'connect_failed', 'no connection: boom'],
    ['no connection in time', end(14), { stage: 'tcp', connectTimeoutMs: 250 }, 'connect_failed', 'no connection within 250 ms'],
    ['a lost connection', end(14, 'Connection dropped'), { lost: true }, 'connection_lost', 'connection lost before the answer'],
    ['UNAVAILABLE from the server', end(14, 'drained'), {}, 'status_error', 'UNAVAILABLE: drained'],
    ['PERMISSION_DENIED', end(7), {}, 'status_error', 'PERMISSION_DENIED'],
    [
      'UNIMPLEMENTED of a server that goes',
      end(12),
      { lost: true },
      'unimplemented',
      'UNIMPLEMENTED: the server has no grpc.health.v1.Health',
    ],
  ] as const) {
    it(`explains ${name}`, () => {
      const outcome = explainCallEnd(call, { ...READY, ...facts });
      assert.deepEqual([outcome.word, outcome.reason], [word, reason]);
    });
  }

  it('gives one line of words for anything, and never the best of outcomes', () => {
    const facts = fc.record({
      stage: fc.constantFrom(...STAGES),
      connectTimeoutMs: fc.option(fc.nat(100_000)),
      lost: fc.boolean(),
      error: fc.option(fc.string().map(failure)),
      bytesRead: fc.nat(100),
      secure: fc.boolean(),
      clientCertificate: fc.boolean(),
    });
    const text = fc.string({ unit: 'binary', maxLength: 1_000 });
    fc.assert(
      fc.property(fc.integer(), text, text, facts, (code, details, contentType, known) => {
        const { word, reason, reached } = explainCallEnd({ code, details, contentType }, known);
        assert.notEqual(word, 'serving');
        assert.ok(reason !== '' && reason.length <= MAX_REASON_LENGTH && !/[\p{Cc}\p{Zl}]/u.test(reason), reason);
        assert.ok(known.stage === 'ready' || reached === 'none');
      }),
    );
  });
});

describe('explainTimeout', () => {
  for (const [stage, reason] of [
    ['tcp', 'no connection within 1 s'],
    ['tls', 'TLS handshake failed: no answer to it within 1 s'],
    ['http2', 'connected, but no HTTP/2 SETTINGS within 1 s'],
    ['ready', 'deadline exceeded: connected, but no answer within 1 s'],
  ] as const) {
    it(`says ${reason}`, () => {
      const outcome = explainTimeout({ ...READY, stage }, 1_000);
      assert.deepEqual([outcome.reason, outcome.reached], [reason, stage === 'ready' ? 'connected' : 'none']);
    });
  }
});

describe('formatMs', () => {
  for (const [ms, text] of [
    [0.4, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_540, '1.5 s'],
    [60_000, '60 s'],
  ] as const) {
    it(`writes ${ms} as ${text}`, () => {
      assert.equal(formatMs(ms), text);
    });
  }
});

describe('describeTlsError', () => {
  for (const [code, own, reason] of [
    ['ERR_SSL_WRONG_VERSION_NUMBER', false, /the backend speaks plaintext$/],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', false, /the backend speaks plaintext$/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', false, /the server wants a client certificate$/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true, /the server refused the client certificate$/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', true, /the server refused the client certificate$/],
    ['CERT_NOT_YET_VALID', false, /certificate is not valid yet$/],
    ['ECONNRESET', false, /closed the connection: it may want a client certificate, or speak plaintext$/],
    ['ECONNRESET', true, /closed the connection: it may have refused the client certificate, or speak plaintext$/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', false, /message of ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION$/],
  ] as const) {
    it(`explains ${code} ${own ? 'with' : 'without'} a client certificate`, () => {
      assert.match(describeTlsError(failure(code), own), reason);
    });
  }

  it('explains an end without an error', () => {
    assert.match(describeTlsError(null, false), /^TLS handshake failed: the server closed the connection/);
  });
});

describe('describeSocketError', () => {
  it('has words for a code it knows, and takes the message for others', () => {
    assert.equal(describeSocketError('ENETUNREACH', 'x'), 'network unreachable');
    assert.equal(describeSocketError('EWHATEVER', 'write EWHATEVER'), 'no connection: write EWHATEVER');
    assert.equal(describeSocketError('', ''), 'no connection');
  });
});
