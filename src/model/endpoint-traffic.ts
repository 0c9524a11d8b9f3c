/** What goes to one endpoint at this moment. */
export interface EndpointTraffic {
  /** Open connections for calls; checks have their own. */
  readonly connections: number;
  /** Calls under way. */
  readonly activeRequests: number;
}
