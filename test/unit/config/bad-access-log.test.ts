import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { baseConfig } from './support/base-config.ts';

const withLog = (accessLog: unknown): object => ({ ...baseConfig(), accessLog });

const CASES: readonly BadCase[] = [
  one(
    'a word that is no format',
    withLog({ format: 'envoi' }),
    'accessLog.format: is neither envoy nor json, and must have an operator, such as %REQ(:PATH)% (got "envoi")',
  ),
  one(
    'an operator that is not known',
    withLog({ format: '%PROTOCOL% %UPSTREAM_WIRE_BYTES_SENT%' }),
    'accessLog.format: is neither envoy nor json, and must not have the operator %UPSTREAM_WIRE_BYTES_SENT%, which is not known here, at character 12 (got "%PROTOCOL% %UPSTREAM_WIRE_BYTES_SENT%")',
  ),
  one(
    'half an operator',
    withLog({ format: '%REQ(a)' }),
    'accessLog.format: is neither envoy nor json, and must have a whole %OPERATOR% at character 1, or %% for a percent sign (got "%REQ(a)")',
  ),
  one('no file', withLog({ file: '' }), 'accessLog.file: must be the path of a file, of 1 to 4095 characters (got "")'),
  one('a switch as text', withLog({ healthChecks: 'yes' }), 'accessLog.healthChecks: must be true or false (got "yes")'),
  one('an unknown key', withLog({ path: '/a' }), 'accessLog.path: is not a known key'),
];

describeBad('access logs', CASES);

describe('an access log', () => {
  it("has Envoy's lines, on standard output and without probes, unless told otherwise", () => {
    assert.equal(resolveConfig(baseConfig()).accessLog, null);
    assert.deepEqual(resolveConfig(withLog({})).accessLog, { format: 'envoy', file: '/dev/stdout', healthChecks: false });
    assert.equal(resolveConfig(withLog({ format: 'json' })).accessLog?.format, 'json');
  });
});
