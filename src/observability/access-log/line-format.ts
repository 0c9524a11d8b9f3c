import { ENVOY_LOG_FORMAT, type FieldOperator, type LogSegment, parseLogFormat } from '../../model/log-format.ts';
import type { CallView } from '../../proxy/observer.ts';
import { FieldSlots } from './field-slots.ts';
import { isServiceTime, type LinePart, toParts } from './line-parts.ts';
import type { LineForm, LineWriter } from './line-writer.ts';
import { type Piece, pieceOf } from './piece.ts';

/** What lines look like: Envoy's default, JSON objects, or a format. */
export type LineStyle = 'envoy' | 'json' | readonly LogSegment[];

/** The keys of JSON lines, in their order; those of Istio's, with the names that are usual there. */
const JSON_KEYS: readonly (readonly [key: string, operator: string])[] = [
  ['start_time', '%START_TIME%'],
  ['method', '%REQ(:METHOD)%'],
  ['path', '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%'],
  ['protocol', '%PROTOCOL%'],
  ['response_code', '%RESPONSE_CODE%'],
  ['response_flags', '%RESPONSE_FLAGS%'],
  ['response_code_details', '%RESPONSE_CODE_DETAILS%'],
  ['grpc_status', '%GRPC_STATUS%'],
  ['bytes_received', '%BYTES_RECEIVED%'],
  ['bytes_sent', '%BYTES_SENT%'],
  ['duration', '%DURATION%'],
  ['upstream_service_time', '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%'],
  ['x_forwarded_for', '%REQ(X-FORWARDED-FOR)%'],
  ['user_agent', '%REQ(USER-AGENT)%'],
  ['request_id', '%REQ(X-REQUEST-ID)%'],
  ['authority', '%REQ(:AUTHORITY)%'],
  ['upstream_host', '%UPSTREAM_HOST%'],
  ['upstream_cluster', '%UPSTREAM_CLUSTER%'],
  ['route_name', '%ROUTE_NAME%'],
  ['downstream_remote_address', '%DOWNSTREAM_REMOTE_ADDRESS%'],
];

const LINE_END: Piece = pieceOf('\n');
const LINE_END_OCTET = 0x0a;

/** Writes lines of one style. Put together once; a line costs no memory. */
export class LineFormat {
  readonly form: LineForm;
  /** Whether lines show fields of responses, so that they have to be kept. */
  readonly wantsResponseFields: boolean;
  readonly #parts: readonly LinePart[];
  readonly #sections: Readonly<Record<FieldOperator, FieldSlots>>;

  constructor(style: LineStyle) {
    this.form = style === 'json' ? 'json' : 'text';
    const segments = style === 'json' ? jsonSegments() : style === 'envoy' ? parsed(ENVOY_LOG_FORMAT) : style;
    this.#sections = {
      REQ: new FieldSlots(namesOf(segments, 'REQ')),
      RESP: new FieldSlots(namesOf(segments, 'RESP')),
      TRAILER: new FieldSlots(namesOf(segments, 'TRAILER')),
    };
    this.wantsResponseFields = this.#sections.RESP.fields.length + this.#sections.TRAILER.fields.length > 0;
    this.#parts = toParts(segments, this.form, this.#sections);
  }

  /**
   * Writes one line with its end, cut off where there is no room.
   *
   * @param startMs when the call began, in milliseconds since 1970.
   */
  write(call: CallView, startMs: number, line: LineWriter): void {
    const { REQ, RESP, TRAILER } = this.#sections;
    REQ.read(call.requestFields);
    RESP.read(call.responseFields);
    TRAILER.read(call.trailerFields);
    // Keeps room for the end of the line.
    line.end -= LINE_END.length;
    for (let index = 0; index < this.#parts.length; index++) {
      const part = this.#parts[index];
      if (part !== undefined) {
        writePart(part, call, startMs, line);
      }
    }
    line.end = line.at + LINE_END.length;
    if (line.octets[line.at - 1] !== LINE_END_OCTET) {
      line.piece(LINE_END);
    }
  }
}

function writePart(part: LinePart, call: CallView, startMs: number, line: LineWriter): void {
  if (part.number !== null) {
    part.number.write(call, line);
  } else if (part.text !== null) {
    part.text.write(call, line);
  } else if (part.field !== null) {
    part.field.write(line);
  } else if (part.time !== null) {
    part.time.write(startMs, line);
  } else if (part.address !== null) {
    part.address.write(call, line);
  } else if (part.literal !== null) {
    line.piece(part.literal);
  }
}

function namesOf(segments: readonly LogSegment[], operator: FieldOperator): readonly string[] {
  const names = segments.flatMap((segment) =>
    segment.kind === 'field' && segment.operator === operator && !isServiceTime(segment) ? segment.names : [],
  );
  return [...new Set(names)];
}

function jsonSegments(): readonly LogSegment[] {
  const keys = JSON_KEYS.flatMap(([key, operator], index): readonly LogSegment[] => [
    { kind: 'text', text: `${index === 0 ? '{' : ','}${JSON.stringify(key)}:` },
    ...parsed(operator),
  ]);
  return [...keys, { kind: 'text', text: '}' }];
}

/** For formats of this program itself. */
function parsed(format: string): readonly LogSegment[] {
  const result = parseLogFormat(format);
  if (result.kind === 'invalid') {
    throw new Error(`${format} ${result.message}`);
  }
  return result.segments;
}
