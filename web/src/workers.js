const scripts = { json: 'json.worker.js', graphql: 'graphql.worker.js' };

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(`/playground/assets/${scripts[label] ?? 'editor.worker.js'}`);
  },
};
