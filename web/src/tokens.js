// A token is renewed this long before it expires, so that none expires on its way.
const renewBeforeMs = 60_000;

/**
 * PersonaTokens gets the short-lived tokens of personas and keeps them in memory only: they are never
 * in the page, an editor, or a storage, where an extension or the next user of the browser finds them.
 */
export class PersonaTokens {
  #byPersona = new Map();

  /** get returns a token that is valid for a minute or more; it throws with a text for people. */
  get(persona) {
    const known = this.#byPersona.get(persona);
    if (known && known.renewAtMs > Date.now()) {
      return known.token;
    }
    // What is kept is the promise: two requests at once share one token.
    const entry = { renewAtMs: Number.POSITIVE_INFINITY };
    entry.token = request(persona).then(
      (answer) => {
        entry.renewAtMs = Date.parse(answer.expiresAt) - renewBeforeMs;
        return answer.token;
      },
      (error) => {
        this.forget(persona);
        throw error;
      },
    );
    this.#byPersona.set(persona, entry);
    return entry.token;
  }

  /** forget makes the next get ask the server, as after a restart with another key. */
  forget(persona) {
    this.#byPersona.delete(persona);
  }
}

async function request(persona) {
  const response = await fetch('/playground/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ persona }),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`no token for ${persona}: ${answer.errors?.[0]?.message ?? response.status}`);
  }
  return answer;
}
