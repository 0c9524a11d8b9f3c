/** Holds a FrameDecoder back: while it is shut, no further frame is begun, and the rest of the buffer stays with the caller. */
export class DecodeGate {
  isShut = false;
}
