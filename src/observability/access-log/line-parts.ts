import { type FieldOperator, type LogSegment, MAX_LOG_VALUE_OCTETS, type PlainOperator } from '../../model/log-format.ts';
import { FieldPart } from './field-part.ts';
import type { FieldSlots } from './field-slots.ts';
import type { LineForm } from './line-writer.ts';
import { NumberPart, NumberValue } from './number-part.ts';
import { PartFrame } from './part-frame.ts';
import { type Piece, pieceOf } from './piece.ts';
import { AddressPart, TextPart, TextValue } from './text-part.ts';
import { TimePart } from './time-part.ts';

/** A value and the text before it, or the last text: one of these is not null. Objects of one form, so that going through them costs no lookup of methods. */
export interface LinePart {
  readonly number: NumberPart | null;
  readonly text: TextPart | null;
  readonly field: FieldPart | null;
  readonly time: TimePart | null;
  readonly address: AddressPart | null;
  readonly literal: Piece | null;
}

type Operator = Exclude<LogSegment, { readonly kind: 'text' }>;
type Shown = { readonly number: NumberValue } | { readonly text: TextValue } | 'address';

/** What Envoy writes into responses, and so shows: how long the endpoint took. */
const SERVICE_TIME = 'x-envoy-upstream-service-time';
const NO_PART: LinePart = { number: null, text: null, field: null, time: null, address: null, literal: null };

const PLAIN: Readonly<Record<PlainOperator, Shown>> = {
  BYTES_RECEIVED: { number: NumberValue.BYTES_RECEIVED },
  BYTES_SENT: { number: NumberValue.BYTES_SENT },
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: 'address',
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: { text: TextValue.DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT },
  DOWNSTREAM_REMOTE_ADDRESS: 'address',
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: { text: TextValue.DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT },
  DURATION: { number: NumberValue.DURATION },
  GRPC_STATUS_NUMBER: { number: NumberValue.GRPC_STATUS_NUMBER },
  PROTOCOL: { text: TextValue.PROTOCOL },
  RESPONSE_CODE: { number: NumberValue.RESPONSE_CODE },
  RESPONSE_CODE_DETAILS: { text: TextValue.RESPONSE_CODE_DETAILS },
  RESPONSE_DURATION: { number: NumberValue.RESPONSE_DURATION },
  RESPONSE_FLAGS: { text: TextValue.RESPONSE_FLAGS },
  ROUTE_NAME: { text: TextValue.ROUTE_NAME },
  UPSTREAM_CLUSTER: { text: TextValue.UPSTREAM_CLUSTER },
  UPSTREAM_HOST: { text: TextValue.UPSTREAM_HOST },
  UPSTREAM_REQUEST_ATTEMPT_COUNT: { number: NumberValue.UPSTREAM_REQUEST_ATTEMPT_COUNT },
};
const STATUS_FORMS = {
  NUMBER: { number: NumberValue.GRPC_STATUS_NUMBER },
  CAMEL_STRING: { text: TextValue.GRPC_STATUS_CAMEL },
  SNAKE_STRING: { text: TextValue.GRPC_STATUS_SNAKE },
} as const;

/** Whether the segment shows what is known without the fields of a response. */
export function isServiceTime(segment: LogSegment): boolean {
  return (
    segment.kind === 'field' && segment.operator === 'RESP' && segment.names.length === 1 && segment.names[0] === SERVICE_TIME
  );
}

/** Puts the parts of a format together. @param sections what fields are read from. */
export function toParts(
  segments: readonly LogSegment[],
  form: LineForm,
  sections: Readonly<Record<FieldOperator, FieldSlots>>,
): readonly LinePart[] {
  const made: LinePart[] = [];
  let before = '';
  for (const segment of segments) {
    if (segment.kind === 'text') {
      before += segment.text;
    } else {
      made.push(toPart(segment, (isText) => new PartFrame(form, before, isText), sections));
      before = '';
    }
  }
  return before === '' ? made : [...made, { ...NO_PART, literal: pieceOf(before) }];
}

function toPart(
  segment: Operator,
  frame: (isText: boolean) => PartFrame,
  sections: Readonly<Record<FieldOperator, FieldSlots>>,
): LinePart {
  if (segment.kind === 'startTime') {
    return { ...NO_PART, time: new TimePart(segment.parts, frame(true)) };
  }
  if (segment.kind === 'field' && !isServiceTime(segment)) {
    const section = sections[segment.operator];
    const slots = segment.names.map((name) => section.slotOfName(name));
    return {
      ...NO_PART,
      field: new FieldPart({ section, slots, maxOctets: segment.maxOctets ?? MAX_LOG_VALUE_OCTETS }, frame(true)),
    };
  }
  const shown = shownBy(segment);
  if (shown === 'address') {
    return { ...NO_PART, address: new AddressPart(frame(true)) };
  }
  return 'number' in shown
    ? { ...NO_PART, number: new NumberPart(shown.number, frame(false)) }
    : { ...NO_PART, text: new TextPart(shown.text, frame(true)) };
}

function shownBy(segment: Exclude<Operator, { readonly kind: 'startTime' }>): Shown {
  switch (segment.kind) {
    case 'field':
      return { number: NumberValue.SERVICE_TIME };
    case 'grpcStatus':
      return STATUS_FORMS[segment.form];
    case 'plain':
      return PLAIN[segment.operator];
  }
}
