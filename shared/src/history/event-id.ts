/** Where an event of a durable topic stands: the epoch of its stream, and its number there. Its text is `_id`. */
export interface EventId {
  /** When the stream began, in microseconds; another stream of the same topic has another one. */
  readonly epoch: string;
  /** 1, 2, 3 … without gaps. */
  readonly number: number;
}

const FORM = /^(\d{1,20})-(\d{1,16})$/;
/** `plugmesh_publish` puts the id at the object's end, where it is found without reading the rest. */
const TAIL = /[{,]"_id":"(\d{1,20}-\d{1,16})"\}$/;
const TAIL_BYTES = 50;

/** Reads `<epoch>-<number>`; undefined when it is something else. */
export function parseEventId(text: unknown): EventId | undefined {
  const [, epoch, number] = (typeof text === 'string' && FORM.exec(text)) || [];
  return epoch === undefined || number === undefined ? undefined : { epoch, number: Number(number) };
}

/** `<epoch>-<number>`, which is also the id of the entry in the stream. */
export function formatEventId({ epoch, number }: EventId): string {
  return `${epoch}-${number}`;
}

/** The id of a published event; undefined for a message that was not published with `plugmesh_publish`. */
export function eventIdOf(payload: Buffer): EventId | undefined {
  const tail = payload.toString('latin1', Math.max(0, payload.length - TAIL_BYTES));
  return parseEventId(TAIL.exec(tail)?.[1]);
}
