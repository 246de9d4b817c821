/**
 * How an envelope travels: as bytes made and read by the real codec, or as the frozen object itself. The first finds what
 * does not survive the wire and every object that two nodes would share; the second is fast and finds who changes what
 * was sent.
 */
import {
  bundledEnvelope,
  measureFrame,
  packFrame,
  peerBundleType,
  peerFrames,
  unpackFrame,
  type FrameBounds,
  type Limits,
} from '@callboard/client/protocol';
import type { ActorCodec } from '../../src/actors/wire.ts';
import type { Envelope } from '../../src/kernel/index.ts';
import { roughBytes } from './message-size.ts';

/** One envelope on its way, with its size. */
export interface Parcel {
  readonly envelope: Envelope;
  readonly wire: readonly unknown[] | undefined;
  readonly bytes: number;
}

export type Sealed = Uint8Array | readonly Envelope[];

export interface Parcels {
  wrap(envelope: Envelope): Parcel;
  /** What was collected for one socket becomes one frame. */
  seal(parcels: readonly Parcel[]): Sealed;
  open(sealed: Sealed, from: string, to: string): readonly Envelope[];
}

export class SharedParcels implements Parcels {
  wrap(envelope: Envelope): Parcel {
    return { envelope, wire: undefined, bytes: roughBytes(envelope.message) };
  }

  seal(parcels: readonly Parcel[]): Sealed {
    return parcels.map((parcel) => parcel.envelope);
  }

  open(sealed: Sealed): readonly Envelope[] {
    return sealed as readonly Envelope[];
  }
}

export class EncodedParcels implements Parcels {
  readonly #codec: ActorCodec;
  readonly #bounds: FrameBounds;

  constructor(codec: ActorCodec, limits: Limits) {
    this.#codec = codec;
    this.#bounds = { bytes: limits.frameBytes, depth: limits.frameDepth, items: limits.frameArrayItems };
  }

  wrap(envelope: Envelope): Parcel {
    const { from, to, lane, message } = envelope;
    const payload = this.#codec.encode(to.id, message);
    const wire = bundledEnvelope.encode({
      fromShard: from.shard,
      fromId: from.id,
      toShard: to.shard,
      toId: to.id,
      lane,
      payload,
    }) as readonly unknown[];
    const size = { bytes: 0, items: 0, large: 0 };
    measureFrame(wire, size);
    return { envelope, wire, bytes: size.bytes };
  }

  seal(parcels: readonly Parcel[]): Sealed {
    return packFrame([peerBundleType, 0, parcels.map((parcel) => parcel.wire)]);
  }

  open(sealed: Sealed, from: string, to: string): readonly Envelope[] {
    const frame = peerFrames.decode(unpackFrame(sealed as Uint8Array, this.#bounds));
    if (frame.kind !== 'peer-bundle') throw new Error(`a bundle came as ${frame.kind}`);
    return frame.envelopes.map(({ fromShard, fromId, toShard, toId, lane, payload }) => ({
      from: { node: from, shard: fromShard, id: fromId },
      to: { node: to, shard: toShard, id: toId },
      lane,
      message: this.#codec.decode(toId, payload),
    }));
  }
}
