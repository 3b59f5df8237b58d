interface Suspension {
  readonly ref: string;
  readonly since: number;
}

/** Appearances whose membership an outage of ours has ended: their clients are about to join again. */
export class Suspensions {
  readonly #keys = new Map<string, Map<string, Suspension>>();

  add(topic: string, key: string, ref: string): void {
    const topics = this.#keys.get(key) ?? new Map<string, Suspension>();
    this.#keys.set(key, topics.set(topic, { ref, since: performance.now() }));
  }

  /** Takes one out and answers its reference, or undefined when it is not here. */
  take(topic: string, key: string): string | undefined {
    const topics = this.#keys.get(key);
    const suspension = topics?.get(topic);
    topics?.delete(topic);
    if (topics?.size === 0) this.#keys.delete(key);
    return suspension?.ref;
  }

  topics(key: string): readonly string[] {
    return [...(this.#keys.get(key)?.keys() ?? [])];
  }

  /** What has been here since before a moment: topics and keys. */
  olderThan(moment: number): readonly (readonly [topic: string, key: string])[] {
    return [...this.#keys].flatMap(([key, topics]) =>
      [...topics].filter(([, { since }]) => since < moment).map(([topic]) => [topic, key] as const),
    );
  }
}
