import { ConnectionError, ErrorCode } from '../errors.ts';
import { Flag, MAX_MAX_FRAME_OCTETS, MAX_WINDOW_OCTETS, MIN_MAX_FRAME_OCTETS, SettingId } from './constants.ts';
import type { FrameHead } from './frame-head.ts';
import { readUint16, readUint32 } from './octets.ts';

/** Octets of one setting: identifier and value (RFC 9113, section 6.5.1). */
export const SETTING_OCTETS = 6;

/** One entry of a SETTINGS frame; the identifier may be unknown, and the value has passed checkSetting. */
export interface Setting {
  readonly id: number;
  readonly value: number;
}

/** Checked before the payload has arrived. */
export function checkSettingsLength(head: FrameHead): void {
  if (head.has(Flag.ACK) ? head.length !== 0 : head.length % SETTING_OCTETS !== 0) {
    // RFC 9113, section 6.5: an acknowledgement with a payload, or part of a setting.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS of a wrong length');
  }
}

/** The entries in wire order, which is the order to apply them in (RFC 9113, section 6.5.3). */
export function parseSettings(octets: Uint8Array, start: number, end: number): readonly Setting[] {
  const settings: Setting[] = [];
  for (let at = start; at < end; at += SETTING_OCTETS) {
    const setting = { id: readUint16(octets, at), value: readUint32(octets, at + 2) };
    checkSetting(setting);
    settings.push(setting);
  }
  return settings;
}

/** The rules of single values (RFC 9113, section 6.5.2); unknown identifiers pass. */
function checkSetting(setting: Setting): void {
  const { id, value } = setting;
  if (id === SettingId.INITIAL_WINDOW_SIZE && value > MAX_WINDOW_OCTETS) {
    // RFC 9113, section 6.5.2.
    throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'SETTINGS_INITIAL_WINDOW_SIZE too large');
  }
  if (id === SettingId.MAX_FRAME_SIZE && (value < MIN_MAX_FRAME_OCTETS || value > MAX_MAX_FRAME_OCTETS)) {
    // RFC 9113, section 6.5.2.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'SETTINGS_MAX_FRAME_SIZE out of range');
  }
  if ((id === SettingId.ENABLE_PUSH || id === SettingId.NO_RFC7540_PRIORITIES) && value > 1) {
    // RFC 9113, section 6.5.2, and RFC 9218, section 2.1.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a setting of 0 or 1 has another value');
  }
}
