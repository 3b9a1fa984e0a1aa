/**
 * The part of the protocol buffers wire format that an ONNX file needs: varints, floats and length-delimited fields.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];

  /** int32, int64, bool and enum fields. Negative values take ten bytes, as the format prescribes. */
  int(field: number, value: number | bigint): this {
    return this.#key(field, 0).#varint(BigInt.asUintN(64, BigInt(value)));
  }

  /** A `float` field, 32 bits. */
  float(field: number, value: number): this {
    this.#key(field, 5);
    this.#chunks.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2).#varint(BigInt(value.length));
    this.#chunks.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, fill: (message: ProtoWriter) => void): this {
    const message = new ProtoWriter();
    fill(message);
    return this.bytes(field, message.finish());
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  #key(field: number, wireType: number): this {
    return this.#varint(BigInt((field << 3) | wireType));
  }

  #varint(value: bigint): this {
    const bytes: number[] = [];
    for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
    bytes.push(Number(value));
    this.#chunks.push(Uint8Array.from(bytes));
    return this;
  }
}
