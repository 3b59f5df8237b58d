import { element, make } from '../../page/dom.js';

/**
 * @typedef {'merged' | 'none' | 'broken' | 'unreachable'} DescriptionState
 * @typedef {{ id: string, title?: string, state: string, description: DescriptionState, reason?: string,
 *   notes?: readonly string[] }} ListedPlugin
 */

/** What each state of a description is called on the page. */
const WORDS = {
  merged: 'described',
  none: 'no description',
  broken: 'broken description',
  unreachable: 'cannot be asked',
};

/**
 * Lists all plugins, each with how its description is, and why where that is told.
 * @param {readonly ListedPlugin[]} plugins
 */
export function showBadges(plugins) {
  const list = element('described');
  list.replaceChildren(...plugins.map(renderPlugin));
  list.removeAttribute('aria-busy');
}

/** @param {ListedPlugin} plugin */
function renderPlugin({ id, title = id, state, description, reason, notes = [] }) {
  const item = make('li', { 'data-plugin': id, 'data-description': description }, make('strong', {}, title));
  item.append(make('span', { class: 'badge' }, WORDS[description] ?? description));
  if (state !== 'ready') item.append(make('span', { class: 'state' }, state));
  for (const line of [...(description === 'none' || !reason ? [] : [reason]), ...notes]) {
    item.append(make('p', { class: 'reason' }, line));
  }
  return item;
}
