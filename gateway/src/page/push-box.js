import { element, make } from './dom.js';

const TRANSCRIPT_LINES = 30;
/** The machine's own values come every second; here they would bury the answer. */
const BACKGROUND = new Set(['system update-node', 'system net']);
/** What a topic says by itself, again and again, would do the same. */
const MOST_OF_ONE_EVENT = 3;
/** How far a push has come, and which stops of the drawn way are lit then. */
const LIT = { none: 0, sent: 1, accepted: 4, answered: 5 };

/** Pushes to a topic and writes down, in order and with times, what came back. */
export class PushBox {
  #connection;
  #topic = '';
  #stopHearing = () => {};
  #pushedAt = 0;
  #event = '';
  /** @type {Map<string, number>} how often each event was heard since the last push */
  #heard = new Map();

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  start() {
    const payload = /** @type {HTMLTextAreaElement} */ (element('push-payload'));
    payload.value = freshPayload();
    element('push-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(payload);
    });
  }

  /** @param {HTMLTextAreaElement} field */
  async #submit(field) {
    const payload = parsePayload(field.value);
    element('push-problem').textContent = payload.problem ?? '';
    if (payload.problem) return field.focus();
    await this.#push(inputValue('push-topic'), inputValue('push-event'), payload.value);
    // The next push shall be told apart from this one, unless somebody wrote a payload of their own.
    if (/^\{"nonce":"[0-9a-f]+"\}$/.test(field.value)) field.value = freshPayload();
  }

  /**
   * @param {string} topic
   * @param {string} event
   * @param {unknown} payload
   */
  async #push(topic, event, payload) {
    this.#hear(topic);
    this.#pushedAt = performance.now();
    this.#event = event;
    this.#heard.clear();
    this.#write('pushed', `${topic} ${event}`, payload);
    this.#reach('sent', 'On its way.');
    const { status, response } = await this.#connection.push(topic, event, payload);
    this.#write(`reply ${status}`, '', response);
    if (status === 'ok') this.#reach('accepted', `Accepted after ${this.#elapsed()}.`);
    else this.#reach('none', status === 'timeout' ? 'No reply within 5 s.' : 'Refused.');
  }

  /** @param {string} topic */
  #hear(topic) {
    if (topic === this.#topic) return;
    this.#stopHearing();
    this.#topic = topic;
    this.#stopHearing = this.#connection.hear(topic, ({ event, payload }) => {
      const times = (this.#heard.get(event) ?? 0) + 1;
      this.#heard.set(event, times);
      if (BACKGROUND.has(`${topic} ${event}`) || times > MOST_OF_ONE_EVENT) return;
      this.#write('heard', `${topic} ${event}`, payload);
      if (event === `${this.#event}_result`) this.#reach('answered', `There and back in ${this.#elapsed()}.`);
    });
  }

  #elapsed() {
    return `${(performance.now() - this.#pushedAt).toFixed(1)} ms`;
  }

  /**
   * Lights the way so far. An answer may overtake the reply to its own push; the way never goes dark again.
   * @param {keyof typeof LIT} mark
   * @param {string} text
   */
  #reach(mark, text) {
    const stops = element('stops');
    if (mark === 'accepted' && stops.dataset.reached === 'answered') return;
    stops.dataset.reached = mark;
    element('verdict').textContent = text;
    for (const [n, stop] of [...stops.children].entries()) stop.classList.toggle('lit', n < LIT[mark]);
  }

  /**
   * @param {string} what
   * @param {string} where
   * @param {unknown} payload
   */
  #write(what, where, payload) {
    const list = element('transcript');
    const time = make('span', { class: 'time' }, this.#pushedAt ? this.#elapsed() : '');
    const words = [make('b', {}, what), ...(where ? [' ', where] : [])];
    list.append(make('li', {}, time, make('span', {}, ...words), make('code', {}, payloadText(payload))));
    while (list.childElementCount > TRANSCRIPT_LINES) list.firstElementChild?.remove();
    list.scrollTop = list.scrollHeight;
  }
}

/** @param {string} id */
function inputValue(id) {
  return /** @type {HTMLInputElement} */ (element(id)).value.trim();
}

function freshPayload() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return JSON.stringify({ nonce: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('') });
}

/**
 * @param {string} text
 * @returns {{ value?: unknown, problem?: string }}
 */
function parsePayload(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object') return { value };
    return { problem: 'The payload must be a JSON object or array.' };
  } catch (error) {
    return { problem: `The payload is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** @param {unknown} payload */
function payloadText(payload) {
  return payload instanceof ArrayBuffer ? `${payload.byteLength} bytes` : JSON.stringify(payload);
}
