import { Child } from './child.ts';

export interface CurlResult {
  /** curl's own exit code; 0 also for a 503. */
  readonly exitCode: number | null;
  readonly status: number;
  /** `1.0`, `1.1` or `2`. */
  readonly httpVersion: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly stderr: string;
}

const WRITE_OUT = '\n%{http_code} %{http_version}';

/** Runs curl on the arguments and reads its answer. */
export async function curl(...args: readonly string[]): Promise<CurlResult> {
  await using child = await Child.start('curl', [
    '-q',
    '-sS',
    '-i',
    '--noproxy',
    '*',
    '--max-time',
    '5',
    '-w',
    WRITE_OUT,
    ...args,
  ]);
  const { code } = await child.exit();
  const output = child.stdout;
  const end = output.lastIndexOf('\n');
  const [status = '', httpVersion = ''] = output.slice(end + 1).split(' ');
  const headEnd = output.indexOf('\r\n\r\n');
  const headers = new Map<string, string>();
  for (const line of output.slice(0, Math.max(headEnd, 0)).split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = headEnd < 0 ? '' : output.slice(headEnd + 4, end);
  return { exitCode: code, status: Number(status), httpVersion, headers, body, stderr: child.stderr };
}
