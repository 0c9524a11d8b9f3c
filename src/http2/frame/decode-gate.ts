/** Holds a FrameDecoder back: while it is shut, no further frame is begun, and the rest of the buffer stays with the caller. */
export class DecodeGate {
  isShut = false;
  /**
   * Whether something has ended that the owner is to hear of before the next frame, so that what it is told does not depend on how the octets
   * were cut into reads. The decoder returns; who called it sees to that, sets this to false and goes on.
   */
  isYielding = false;
}
