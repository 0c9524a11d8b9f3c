import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { EchoClient } from '../support/echo-client.ts';
import { METRICS } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';
import { ALERT_CASES, toRuleTest } from './support/alert-cases.ts';
import { debianPython, promtool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

const OVERLAY = fileURLToPath(new URL('../../k8s/overlays/monitoring/', import.meta.url));
const OWN_NAME = /grpc_health_bridge_\w+/g;

interface Rule {
  readonly alert?: string;
  readonly expr: string;
}

interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Runs promtool, which must succeed without a word of complaint. */
function runPromtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(promtool(), args, { encoding: 'utf8', input, timeout: 60_000 });
  assert.deepEqual([status, stderr], [0, ''], stdout);
  return stdout;
}

async function readRules(): Promise<RuleGroups> {
  const manifest: { readonly spec: RuleGroups } = parse(await readFile(`${OVERLAY}prometheus-rule.yaml`, 'utf8'));
  return manifest.spec;
}

/** The expressions of the dashboard, with a value for what Grafana fills in. */
async function readQueries(): Promise<readonly string[]> {
  const text = await readFile(`${OVERLAY}dashboard.json`, 'utf8');
  const dashboard: { readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[] } = JSON.parse(text);
  return dashboard.panels
    .flatMap(({ targets }) => targets ?? [])
    .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.+'));
}

interface Page {
  readonly text: string;
  readonly openMetrics: string;
}

/** The page of a bridge that has met a client of everything. */
async function readPage(): Promise<Page> {
  await using backend = await EchoBackend.start();
  await using bridge = await TestBridge.start({
    ...METRICS,
    listeners: [
      { name: 'plain', address: '127.0.0.1:0', routes: ['echo'] },
      { name: 'tls', address: '127.0.0.1:0', routes: [], tls: { selfSigned: true } },
    ],
    clusters: [quickCluster('router', [backend.endpoint.key], { type: 'tcp' })],
    routes: [{ name: 'echo', cluster: 'router' }],
  });
  await bridge.untilHealthy(true);
  using client = new EchoClient(Number(new URL(bridge.url()).port));
  await client.unary(Buffer.from('a'));
  await bridge.get('/healthz');
  const headers = { accept: 'application/openmetrics-text' };
  return {
    text: (await bridge.get('/metrics', { listener: 'metrics' })).body,
    openMetrics: (await bridge.get('/metrics', { listener: 'metrics', headers })).body,
  };
}

/** Reads a page as strictly as OpenMetrics is written, and prints how many families it has. */
const COUNT_FAMILIES = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(len(list(text_string_to_metric_families(sys.stdin.read()))))
`;

describe('what Prometheus and Grafana are given', () => {
  it('is a page of metrics that promtool has no complaint of, and every metric that is asked for', async () => {
    const { text: page } = await readPage();
    runPromtool(['check', 'metrics'], page);
    const known = new Set([...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
    const { groups } = await readRules();
    const expressions = [...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)), ...(await readQueries())];
    const asked = new Set(expressions.flatMap((expr) => expr.match(OWN_NAME) ?? []));
    const missing = [...asked].filter((name) => !known.has(name.replace(/_bucket$/, '')));
    assert.deepEqual(missing, []);
    assert.ok(asked.size > 20);
  });

  it('is OpenMetrics that the Python client reads, with as many families as the text', async () => {
    const { text, openMetrics } = await readPage();
    const options = { encoding: 'utf8', input: openMetrics, timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync(debianPython(), ['-c', COUNT_FAMILIES], options);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(Number(stdout), text.match(/^# TYPE /gm)?.length);
  });

  it('is rules, and queries of a dashboard, that promtool takes', async () => {
    await using folder = await WorkFolder.create();
    const rules = join(folder.path, 'rules.yaml');
    await writeFile(rules, stringify(await readRules()));
    runPromtool(['check', 'rules', rules]);
    const queries = (await readQueries()).map((expr, index) => ({ record: `query:${index}`, expr }));
    await writeFile(rules, stringify({ groups: [{ name: 'dashboard', rules: queries }] }));
    runPromtool(['check', 'rules', rules]);
  });

  it('is alerts that fire when they should, and not before', async () => {
    await using folder = await WorkFolder.create();
    const spec = await readRules();
    await writeFile(join(folder.path, 'rules.yaml'), stringify(spec));
    const tests = join(folder.path, 'tests.yaml');
    await writeFile(
      tests,
      stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: ALERT_CASES.map(toRuleTest) }),
    );
    runPromtool(['test', 'rules', tests]);
    assert.deepEqual(
      ALERT_CASES.map(({ alert }) => alert),
      spec.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)),
    );
  });
});
