import { element, make } from '../../page/dom.js';

/**
 * A topic as `/docs/topics.json` has it.
 * @typedef {{ pattern: string, plugin: string, join: string, push: string, presence: boolean, envelope: boolean,
 *   overflow: string, history?: { size: number, ttlMs: number }, events?: Record<string, unknown>, description?: string }} Topic
 */

/** From the longest on, what milliseconds are told in. */
const UNITS = /** @type {const} */ ([
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]);

/**
 * Shows all topics, a section for each plugin. What the reader has opened stays open.
 * @param {readonly Topic[]} topics
 */
export function showTopics(topics) {
  const open = new Set(openNow());
  const main = element('topics');
  const plugins = [...new Set(topics.map(({ plugin }) => plugin))];
  main.replaceChildren(
    ...plugins.map((plugin) =>
      renderPlugin(
        plugin,
        topics.filter((topic) => topic.plugin === plugin),
        open,
      ),
    ),
  );
  if (topics.length === 0) main.append(make('p', { class: 'note' }, 'No topic is open to you.'));
  main.removeAttribute('aria-busy');
}

function openNow() {
  const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('details[open]'));
  return [...all].map(({ dataset }) => dataset.event ?? '');
}

/**
 * @param {string} plugin
 * @param {readonly Topic[]} topics
 * @param {ReadonlySet<string>} open
 */
function renderPlugin(plugin, topics, open) {
  const title = make('h2', { id: `of-${plugin}` }, plugin === 'mesh' ? 'Always there' : plugin);
  const section = make('section', { 'aria-labelledby': `of-${plugin}`, 'data-plugin': plugin }, title);
  section.append(...topics.map((topic) => renderTopic(topic, open)));
  return section;
}

/**
 * @param {Topic} topic
 * @param {ReadonlySet<string>} open
 */
function renderTopic(topic, open) {
  const { pattern, description, events = {} } = topic;
  const article = make('article', { 'data-topic': pattern }, make('h3', {}, make('code', {}, pattern)));
  if (description) article.append(make('p', {}, description));
  const facts = factsOf(topic).map(([term, text]) =>
    make('div', {}, make('dt', {}, term), make('dd', {}, text)),
  );
  article.append(make('dl', { class: 'facts' }, ...facts));
  article.append(
    ...Object.entries(events).map(([event, schema]) => renderEvent(pattern, event, schema, open)),
  );
  return article;
}

/**
 * @param {Topic} topic
 * @returns {[string, string][]}
 */
function factsOf({ join, push, presence, envelope, overflow, history }) {
  return [
    ['join', join],
    ['push', push],
    ['presence', presence ? 'tracked' : 'not tracked'],
    ['durable', history ? `${history.size} events, ${durationText(history.ttlMs)}` : 'no'],
    ...(envelope ? [/** @type {[string, string]} */ (['envelope', 'pushes carry who sent them'])] : []),
    ...(overflow === 'disconnect' ? [] : [/** @type {[string, string]} */ (['when slow', overflow])]),
  ];
}

/** @param {number} ms */
function durationText(ms) {
  const [word, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['millisecond', 1];
  const count = ms / size;
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * @param {string} pattern
 * @param {string} event
 * @param {unknown} schema
 * @param {ReadonlySet<string>} open
 */
function renderEvent(pattern, event, schema, open) {
  const key = `${pattern} ${event}`;
  const details = make('details', { 'data-event': key }, make('summary', {}, make('code', {}, event)));
  const said = summaryOf(schema);
  if (said) details.firstElementChild?.append(' ', make('span', { class: 'note' }, said));
  details.append(make('pre', { tabindex: '0' }, JSON.stringify(schema, null, 2)));
  details.toggleAttribute('open', open.has(key));
  return details;
}

/** @param {unknown} schema */
function summaryOf(schema) {
  const { description, title } = /** @type {Record<string, unknown>} */ (Object(schema));
  return /** @type {string | undefined} */ ([description, title].find((text) => typeof text === 'string'));
}
