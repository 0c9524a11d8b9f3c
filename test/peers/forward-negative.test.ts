import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './support/child.ts';
import { eventually } from './support/eventually.ts';
import { startRelay } from './support/relay.ts';
import { builtTool, debianPython } from './support/tools.ts';

const SERVER = fileURLToPath(new URL('interop/negative_server.py', import.meta.url));

/** What the server tells of itself, a line each. */
interface ServerEvent {
  readonly request?: number;
  readonly connection?: number;
  /** Streams of that connection that are open with this one. */
  readonly open?: number;
  readonly pings?: number;
  readonly acknowledged?: number;
}

/** Runs grpc-go's negative client through the forwarder, and returns what the server told of its own. */
async function play(name: string): Promise<readonly ServerEvent[]> {
  await using server = await Child.start(debianPython(), [SERVER, name]);
  const [, port] = await server.match('stdout', /"port": (\d+)/);
  await using relay = await startRelay({ backends: [`127.0.0.1:${port}`] });
  const flags = ['-server_host', '127.0.0.1', '-server_port', String(relay.port), '-test_case', name];
  await using client = await Child.start(builtTool('grpc-interop-http2'), flags);
  const { code } = await client.exit(20_000);
  assert.equal(code, 0, `${client.stderr}\n${server.stdout}\n${server.stderr}`);
  const events = await eventually('the server has heard everything', () => eventsOf(server), isSettled);
  assert.equal(server.stderr, '');
  relay.child.assertRunning();
  return events;
}

function eventsOf(server: Child): readonly ServerEvent[] {
  const [, ...lines] = server.stdout.trim().split('\n');
  return lines.map((line): ServerEvent => JSON.parse(line));
}

/** The last acknowledgement may come after the client has its answer. */
function isSettled(events: readonly ServerEvent[]): boolean {
  const last = events.findLast(({ pings }) => pings !== undefined);
  return last === undefined || last.pings === last.acknowledged;
}

describe('misbehaving servers behind the forwarder', { timeout: 60_000 }, () => {
  it('GOAWAY after a call: the next call has another connection', async () => {
    const connections = (await play('goaway')).flatMap(({ connection }) => connection ?? []);
    assert.equal(connections.length, 2);
    assert.equal(new Set(connections).size, 2);
  });

  for (const [name, when] of [
    ['rst_after_header', 'after the header section'],
    ['rst_during_data', 'in the midst of a message'],
    ['rst_after_data', 'instead of trailers'],
  ] as const) {
    it(`a reset ${when}: the client hears of it, and the call is not made again`, async () => {
      const requests = (await play(name)).filter(({ request }) => request !== undefined);
      assert.equal(requests.length, 1);
    });
  }

  it('a PING after every frame: each is acknowledged', async () => {
    const last = (await play('ping')).at(-1);
    assert.ok(last?.pings !== undefined && last.pings > 20);
    assert.equal(last.acknowledged, last.pings);
  });

  it('a limit of one stream: never two at once, and no call is lost', async () => {
    const requests = (await play('max_streams')).filter(({ request }) => request !== undefined);
    assert.equal(requests.length, 16);
    assert.deepEqual(new Set(requests.map(({ open }) => open)), new Set([1]));
  });
});
