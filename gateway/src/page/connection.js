import { Socket } from './phoenix.mjs';

/** @typedef {'connecting' | 'live' | 'lost'} ConnectionState */
/** @typedef {{ event: string, payload: unknown }} Heard */

/** Codes of refusals that end without anybody doing anything at the page. */
const PASSING = new Set(['MESH_REDIS_UNAVAILABLE', 'MESH_RATE_LIMITED', 'MESH_OVERLOADED']);

/** The page's one socket, and its memberships by topic: two parts of the page may want the same topic. */
export class Connection {
  #socket;
  /** @type {Map<string, import('./phoenix.mjs').Channel>} */
  #channels = new Map();
  /** @type {Map<string, Set<(heard: Heard) => void>>} */
  #listeners = new Map();
  /** @type {((state: ConnectionState) => void)[]} */
  #watchers = [];

  /** @param {string} path */
  constructor(path) {
    this.#socket = new Socket(path);
  }

  start() {
    this.#tell('connecting');
    this.#socket.onOpen(() => this.#tell('live'));
    this.#socket.onClose(() => this.#tell('lost'));
    this.#socket.connect();
  }

  /** @param {(state: ConnectionState) => void} watcher */
  onState(watcher) {
    this.#watchers.push(watcher);
  }

  /**
   * Joins a topic, once, and hears everything that is broadcast there.
   * @param {string} topic
   * @param {(heard: Heard) => void} listener
   * @returns {() => void} stops hearing; the membership stays for whoever asks next
   */
  hear(topic, listener) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    this.#joined(topic);
    return () => void listeners.delete(listener);
  }

  /**
   * Pushes, and resolves with the server's reply.
   * @param {string} topic
   * @param {string} event
   * @param {unknown} payload
   * @returns {Promise<{ status: 'ok' | 'error' | 'timeout', response: unknown }>}
   */
  push(topic, event, payload) {
    const push = this.#joined(topic).push(event, payload, 5_000);
    return new Promise((resolve) => {
      push.receive('ok', (response) => resolve({ status: 'ok', response }));
      push.receive('error', (response) => resolve({ status: 'error', response }));
      push.receive('timeout', () => resolve({ status: 'timeout', response: {} }));
    });
  }

  /** @param {string} topic */
  #joined(topic) {
    const known = this.#channels.get(topic);
    if (known) return known;
    const channel = this.#socket.channel(topic);
    this.#channels.set(topic, channel);
    channel.onMessage = (event, payload) => {
      // Replies and the protocol's own events are the client's business.
      if (!/^(phx_|chan_reply_|presence_)/.test(event)) this.#spread(topic, { event, payload });
      return payload;
    };
    channel.join().receive('error', (response) => this.#refuse(topic, response));
    return channel;
  }

  /**
   * A refused topic is left: the client would ask again for ever, and a later push starts afresh. Where
   * the refusal passes by itself, asking again is right.
   * @param {string} topic
   * @param {{ code?: string }} response
   */
  #refuse(topic, response) {
    if (PASSING.has(response.code ?? '')) return;
    this.#channels.get(topic)?.leave();
    this.#channels.delete(topic);
    this.#spread(topic, { event: 'join refused', payload: response });
  }

  /**
   * @param {string} topic
   * @param {Heard} heard
   */
  #spread(topic, heard) {
    for (const listener of this.#listeners.get(topic) ?? []) listener(heard);
  }

  /** @param {ConnectionState} state */
  #tell(state) {
    for (const watcher of this.#watchers) watcher(state);
  }
}
