/**
 * What `status` of an answer says; HTTP itself always says 200. Polls have only statuses that every official client
 * knows: at another one it stops for good.
 */
export const POLL_STATUS = {
  ok: 200,
  /** Nothing happened within the window. */
  nothing: 204,
  badRequest: 400,
  /** Origin or version refused. */
  forbidden: 403,
  /** To a poll: a new connection, with its token. To a post: the connection is over. */
  gone: 410,
  tooLarge: 413,
  /** To a poll: the connection is over, or none can be made. The client makes a new one and joins again. */
  over: 500,
} as const;

/** Why a connection is over: what a WebSocket says with its close frame. */
export interface Goodbye {
  readonly code: number;
  readonly reason: string;
}

/** What an answer has besides its status. */
export interface PollAnswer {
  readonly token?: string;
  /** JSON string literals. */
  readonly messages?: readonly Buffer[];
  readonly goodbye?: Goodbye;
}

/** An answer's JSON text. */
export function pollAnswer(status: keyof typeof POLL_STATUS, answer: PollAnswer = {}): string {
  const { token = null, messages = [], goodbye } = answer;
  const head = `"status":${POLL_STATUS[status]},"token":${JSON.stringify(token)}`;
  const end = goodbye ? `,"code":${goodbye.code},"reason":${JSON.stringify(goodbye.reason)}` : '';
  return `{${head},"messages":[${messages.map(String).join(',')}]${end}}`;
}
