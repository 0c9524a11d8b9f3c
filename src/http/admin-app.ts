import { isMetricsUrl } from './metrics-app.ts';
import type { ProbeServer } from './probe-server.ts';

export interface AdminAppOptions {
  /** Answers `/metrics`. */
  readonly metrics: ProbeServer;
  /** Answers every other URL. */
  readonly health: ProbeServer;
}

/** The admin listener: `/metrics`, and the health URLs with everything they know. */
export function createAdminApp({ metrics, health }: AdminAppOptions): ProbeServer {
  return {
    handler: (request, response) => {
      const app = isMetricsUrl(request.url ?? '') ? metrics : health;
      app.handler(request, response);
    },
    ready: async () => {
      await Promise.all([metrics.ready(), health.ready()]);
    },
    close: async () => {
      await Promise.all([metrics.close(), health.close()]);
    },
  };
}
