import type { Logger } from 'pino';
import type { AccessLogConfig } from '../config/sections/access-log.ts';
import { BridgeError, ErrorCode, toError } from '../errors.ts';
import { AccessLog } from '../observability/access-log/access-log.ts';
import type { Clock } from '../util/clock.ts';

/** Makes the access log, which tells the log of the process when its file fails; null where none is configured. */
export function createAccessLog(
  config: AccessLogConfig | null,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): AccessLog | null {
  if (config === null) {
    return null;
  }
  const { file } = config;
  const observer = {
    onFailure: ({ message }: Error): void => logger.warn({ file, reason: message }, 'access log cannot be written'),
    onRecovery: (): void => logger.info({ file }, 'access log is written again'),
  };
  return new AccessLog(config, { clock, observer });
}

/**
 * Opens its file, so that a wrong path shows at the start.
 *
 * @throws BridgeError `ACCESS_LOG_UNUSABLE`, one line that names the file.
 */
export async function openAccessLog(log: AccessLog, file: string): Promise<void> {
  try {
    await log.open();
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new BridgeError(ErrorCode.ACCESS_LOG_UNUSABLE, `accessLog.file: cannot open ${file}: ${message}`, { cause: thrown });
  }
}
