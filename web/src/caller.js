import { Kind, parse } from 'graphql';

import { PersonaTokens } from './tokens.js';

/**
 * Caller is on whose behalf requests are sent: a persona where the server knows personas, and else
 * whoever holds the token that was typed in. Both live as long as the page.
 */
export class Caller {
  persona;
  typedToken = '';
  #tokens = new PersonaTokens();

  constructor(personas) {
    this.persona = personas[0] ?? null;
  }

  /** fetcher is GraphiQL's: it sends one operation and returns the answer, errors included. */
  fetcher = async (params) => {
    const persona = this.persona;
    const request = { ...params, ...onlyOperation(params.query) };
    let response = await this.#send(request, persona);
    if (response.status === 401 && persona) {
      this.#tokens.forget(persona);
      response = await this.#send(request, persona);
    }
    return response.json();
  };

  async #send(request, persona) {
    const headers = {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
    };
    const token = persona ? await this.#tokens.get(persona) : this.typedToken;
    if (token) {
      headers.Authorization = `Bearer ${token}`;
    }
    return fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(request) });
  }
}

/**
 * onlyOperation returns the parameter operationName for a document with just one operation. GraphiQL learns
 * that name a moment after a tab was changed, and until then sends the one of the tab before, which the
 * server rightly does not find.
 */
function onlyOperation(text) {
  let operations;
  try {
    operations = parse(text, { noLocation: true }).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    return {}; // not a document: its mistake is for the server to explain
  }
  return operations.length === 1 ? { operationName: operations[0].name?.value } : {};
}
