/** One alert: what is scraped, minute by minute, and when it does and does not fire. */
interface AlertCase {
  readonly alert: string;
  /** Name and labels of a series without the prefix, and its values in promtool's short form: `1x4` is five times 1, `0+2x3` is 0 2 4 6, `_` is none. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after the begin. */
  readonly quietAt: number;
  /** Minutes after the begin. */
  readonly firingAt: number;
}

/** A test in the words of `promtool test rules`. */
interface RuleTest {
  readonly interval: '1m';
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
  }[];
}

const A = 'job="bridge",namespace="default",pod="a"';
const B = 'job="bridge",namespace="default",pod="b"';

/** In the order of the rules. */
export const ALERT_CASES: readonly AlertCase[] = [
  { alert: 'GrpcHealthBridgeAbsent', series: { [`build_info{${A}}`]: '1x4 _x20' }, quietAt: 4, firingAt: 20 },
  {
    alert: 'GrpcHealthBridgeAllEndpointsDown',
    series: {
      // One bridge that cannot reach anything is no reason, nor is one endpoint of two.
      [`endpoint_up{${A},cluster="c",endpoint="1"}`]: '0x30',
      [`endpoint_up{${B},cluster="c",endpoint="1"}`]: '1x9 0x20',
      [`endpoint_up{${A},cluster="d",endpoint="1"}`]: '0x30',
      [`endpoint_up{${A},cluster="d",endpoint="2"}`]: '1x30',
    },
    quietAt: 9,
    firingAt: 12,
  },
  {
    alert: 'GrpcHealthBridgeClusterUnhealthy',
    series: {
      [`cluster_healthy{${A},cluster="c"}`]: '0x30',
      [`cluster_healthy{${B},cluster="c"}`]: '1x9 0x20',
    },
    quietAt: 9,
    firingAt: 13,
  },
  {
    alert: 'GrpcHealthBridgeBridgesDisagree',
    series: {
      [`cluster_healthy{${A},cluster="c"}`]: '1x9 0x20',
      [`cluster_healthy{${B},cluster="c"}`]: '1x30',
    },
    quietAt: 14,
    firingAt: 16,
  },
  {
    alert: 'GrpcHealthBridgeEndpointDown',
    series: {
      [`endpoint_up{${A},cluster="c",endpoint="1"}`]: '0x30',
      [`endpoint_up{${A},cluster="c",endpoint="2"}`]: '1x30',
    },
    quietAt: 14,
    firingAt: 16,
  },
  {
    alert: 'GrpcHealthBridgeDiscoveryStale',
    series: {
      [`endpoints{${A},cluster="c",state="stale"}`]: '0x9 2x20',
      [`endpoints{${A},cluster="c",state="unhealthy"}`]: '5x30',
    },
    quietAt: 9,
    firingAt: 12,
  },
  {
    alert: 'GrpcHealthBridgeCertificateExpires',
    series: {
      // Seconds since the begin, as promtool's time begins with 0: 14 days and 10 minutes, and a year.
      [`certificate_expiry_timestamp_seconds{${A},listener="tls"}`]: '1210200x120',
      [`certificate_expiry_timestamp_seconds{${A},listener="other"}`]: '31536000x120',
    },
    quietAt: 69,
    firingAt: 75,
  },
  {
    alert: 'GrpcHealthBridgeReloadFailed',
    series: { [`config_reload_success{${A}}`]: '1x9 0x20', [`config_reload_success{${B}}`]: '1x30' },
    quietAt: 9,
    firingAt: 12,
  },
  {
    alert: 'GrpcHealthBridgeLocalReplies',
    series: {
      [`local_replies_total{${A},reason="no_route"}`]: '0+100x30',
      [`local_replies_total{${A},reason="client_certificate_required"}`]: '0+100x30',
      [`local_replies_total{${A},reason="client_not_allowed"}`]: '0+100x30',
      [`local_replies_total{${A},reason="no_upstream"}`]: '0x9 0+10x20',
      [`calls_started_total{${A},route="r",cluster="c",grpc_service="",grpc_method=""}`]: '0+60x30',
    },
    quietAt: 10,
    firingAt: 22,
  },
  {
    alert: 'GrpcHealthBridgeCallsFail',
    series: {
      [`calls_handled_total{${A},route="r",grpc_code="OK"}`]: '0+60x40',
      [`calls_handled_total{${A},route="r",grpc_code="NOT_FOUND"}`]: '0+60x40',
      [`calls_handled_total{${A},route="r",grpc_code="UNAVAILABLE"}`]: '0x9 0+12x30',
    },
    quietAt: 10,
    firingAt: 30,
  },
  {
    alert: 'GrpcHealthBridgeAccessLogDrops',
    series: { [`access_log_dropped_total{${A}}`]: '0x9 0+1x30', [`access_log_dropped_total{${B}}`]: '0x40' },
    quietAt: 10,
    firingAt: 25,
  },
];

/** What promtool reads. */
export function toRuleTest({ alert, series, quietAt, firingAt }: AlertCase): RuleTest {
  const expr = `count by (alertname) (ALERTS{alertname="${alert}",alertstate="firing"})`;
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: `grpc_health_bridge_${name}`, values })),
    promql_expr_test: [
      { expr, eval_time: `${quietAt}m`, exp_samples: [] },
      { expr, eval_time: `${firingAt}m`, exp_samples: [{ labels: `{alertname="${alert}"}`, value: 1 }] },
    ],
  };
}
