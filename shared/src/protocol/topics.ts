/** Longest topic or event name, in UTF-8 bytes (contracts § 2.1). */
export const NAME_LIMIT = 255;

/** Whether a text is a topic: 1 to 255 bytes without control characters. Colons and wildcards are ordinary. */
export function isTopicName(text: string): boolean {
  return isName(text);
}

/** Whether a text is an event: as a topic, but without a colon, because the last colon splits. */
export function isEventName(text: string): boolean {
  return isName(text) && !text.includes(':');
}

function isName(text: string): boolean {
  return text.length > 0 && text.isWellFormed() && !hasControl(text) && utf8Length(text) <= NAME_LIMIT;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

// Counted without an encoder: this runs for every push, and most names are short ASCII.
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Half of a surrogate pair counts two bytes, the other half the other two.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
