import type { TopicRule } from './types.ts';

/** Finds the rule of a topic; `undefined` when no rule names it. */
export type TopicMatcher = (topic: string) => TopicRule | undefined;

/** Compiles topic rules: an exact pattern wins, then the longest one that ends in `*` (contracts § 2.4). */
export function matchTopic(topics: readonly TopicRule[]): TopicMatcher {
  const exact = new Map<string, TopicRule>();
  const prefixes = new Map<number, Map<string, TopicRule>>();
  for (const rule of topics) {
    if (!rule.pattern.endsWith('*')) exact.set(rule.pattern, rule);
    else {
      const prefix = rule.pattern.slice(0, -1);
      const sameLength = prefixes.get(prefix.length) ?? new Map<string, TopicRule>();
      prefixes.set(prefix.length, sameLength.set(prefix, rule));
    }
  }
  // One look-up per length of prefix, longest first: the cost does not grow with the number of rules.
  const byLength = [...prefixes].sort(([a], [b]) => b - a);
  return (topic) => exact.get(topic) ?? longest(byLength, topic);
}

function longest(byLength: [number, Map<string, TopicRule>][], topic: string): TopicRule | undefined {
  for (const [length, rules] of byLength) {
    const rule = length > topic.length ? undefined : rules.get(topic.slice(0, length));
    if (rule) return rule;
  }
  return undefined;
}

/** What the `*` of a rule stands for in a topic that it matches; empty for an exact rule. `owner` compares it. */
export function wildcardPart(rule: Pick<TopicRule, 'pattern'>, topic: string): string {
  return rule.pattern.endsWith('*') ? topic.slice(rule.pattern.length - 1) : '';
}
