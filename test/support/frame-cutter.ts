/** Tells of every frame of a stream of octets, wherever that is cut. It knows nothing of HTTP/2 but how frames begin. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  cut(octets: Buffer, onFrame: (type: number, flags: number, streamId: number, payload: Buffer) => void): void {
    const all = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    let at = 0;
    while (at + 9 <= all.length && at + 9 + all.readUIntBE(at, 3) <= all.length) {
      const end = at + 9 + all.readUIntBE(at, 3);
      onFrame(all.readUInt8(at + 3), all.readUInt8(at + 4), all.readUInt32BE(at + 5), all.subarray(at + 9, end));
      at = end;
    }
    this.#rest = all.subarray(at);
  }
}
