import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { type Raw, withCluster } from './support/base-config.ts';

const PATH = 'must be the path of a file, of 1 to 4095 characters';

function withFile(changes: Raw): Raw {
  return withCluster({ discovery: { type: 'file', path: 'endpoints.yaml', ...changes } });
}

const CASES: readonly BadCase[] = [
  one('no path', withCluster({ discovery: { type: 'file' } }), 'clusters[0].discovery.path: is required'),
  one('an empty path', withFile({ path: '' }), `clusters[0].discovery.path: ${PATH} (got "")`),
  one('a path as a list', withFile({ path: ['a'] }), `clusters[0].discovery.path: ${PATH} (got a list)`),
  one('a key of another source', withFile({ endpoints: [] }), 'clusters[0].discovery.endpoints: is not a known key'),
];

describeBad('a file of endpoints', CASES);
