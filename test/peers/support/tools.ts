import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where scripts/install-peers.sh and scripts/install-kube.sh build; the same rule is in scripts/install-functions.sh. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'grpc-health-bridge');

const PEERS_SCRIPT = 'scripts/install-peers.sh';

/** The path of a tool that one of the scripts built. */
export function builtTool(name: string, script = PEERS_SCRIPT): string {
  return existing(join(CACHE, 'bin', name), script);
}

/** Debian's own Python, the one that sees Debian's python3-grpcio. */
export function debianPython(): string {
  return existing('/usr/bin/python3');
}

/** Debian's dnsmasq, which is not on everybody's PATH. */
export function dnsmasq(): string {
  return existing('/usr/sbin/dnsmasq');
}

/** Debian's promtool, of its package prometheus. */
export function promtool(): string {
  return existing('/usr/bin/promtool');
}

/** Debian's nghttpd. */
export function nghttpd(): string {
  return existing('/usr/sbin/nghttpd');
}

/** A program of gRPC's interop tests that Debian's ruby-grpc brings: `client.rb` or `server.rb`. */
export function rubyInteropProgram(name: string): string {
  const [path] = globSync(`/usr/lib/*/rubygems-integration/*/gems/grpc-*/src/ruby/pb/test/${name}`);
  return existing(path ?? `ruby-grpc's ${name}`);
}

function existing(path: string, script = PEERS_SCRIPT): string {
  assert.ok(existsSync(path), `${path} is missing: run ${script}`);
  return path;
}
