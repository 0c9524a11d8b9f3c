import { ConnectionError, ErrorCode } from '../errors.ts';
import { FrameType } from './constants.ts';
import type { FrameHead } from './frame-head.ts';
import { checkGoawayLength } from './goaway.ts';
import { checkPingLength } from './ping.ts';
import { checkPriorityLength } from './priority.ts';
import { checkRstStreamLength } from './rst-stream.ts';
import { checkSettingsLength } from './settings.ts';
import { checkWindowUpdateLength } from './window-update.ts';

/** What a head alone can break: stream identifiers and lengths. Run before the payload has arrived, so that nothing illegal is buffered. */
export function checkFrameHead(head: FrameHead): void {
  switch (head.type) {
    case FrameType.DATA:
    case FrameType.HEADERS:
    case FrameType.CONTINUATION:
      requireStream(head);
      return;
    case FrameType.PRIORITY:
      requireStream(head);
      checkPriorityLength(head);
      return;
    case FrameType.RST_STREAM:
      requireStream(head);
      checkRstStreamLength(head);
      return;
    case FrameType.SETTINGS:
      requireConnection(head);
      checkSettingsLength(head);
      return;
    case FrameType.PUSH_PROMISE:
      // RFC 9113, section 8.4: clients never push, and as a client we have switched push off.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE is not accepted');
    case FrameType.PING:
      requireConnection(head);
      checkPingLength(head);
      return;
    case FrameType.GOAWAY:
      requireConnection(head);
      checkGoawayLength(head);
      return;
    case FrameType.WINDOW_UPDATE:
      checkWindowUpdateLength(head);
      return;
    default:
      // RFC 9113, section 5.5: frames of unknown types are ignored.
      return;
  }
}

function requireStream(head: FrameHead): void {
  if (head.streamId === 0) {
    // RFC 9113, sections 6.1 to 6.4 and 6.10.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'stream frame on stream 0');
  }
}

function requireConnection(head: FrameHead): void {
  if (head.streamId !== 0) {
    // RFC 9113, sections 6.5, 6.7 and 6.8.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'connection frame on a stream');
  }
}
