import './workers.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './playground.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { Caller } from './caller.js';
import { personaOf, seededTabs } from './tabs.js';

const { personas } = JSON.parse(document.getElementById('config').textContent);
const caller = new Caller(personas);
const tabs = seededTabs(personas);
const plugins = [explorerPlugin()];

// A document's "# caller:" line says who sends it, until the menu says otherwise for its tab.
const chosenByTab = new Map();

function PersonaMenu() {
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  const [, redraw] = useState(0);
  const named = chosenByTab.get(tab.id) ?? personaOf(tab.query);
  const persona = personas.includes(named) ? named : caller.persona;
  useEffect(() => {
    caller.persona = persona;
  }, [persona]);
  const choose = (event) => {
    chosenByTab.set(tab.id, event.target.value);
    redraw((n) => n + 1);
  };
  return (
    <label className="purser-caller">
      Caller
      <select value={persona} onChange={choose} aria-label="Caller">
        {personas.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

// The field keeps its text itself: React would copy the value of a controlled one into the page's markup.
function TokenField() {
  const { introspect } = useGraphiQLActions();
  return (
    <label className="purser-caller">
      Token
      <input
        type="password"
        onChange={(event) => {
          caller.typedToken = event.target.value.trim();
        }}
        onBlur={() => introspect()}
        autoComplete="off"
        spellCheck={false}
        placeholder="kept in memory only"
        aria-label="Token"
      />
    </label>
  );
}

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={caller.fetcher}
    defaultTabs={tabs}
    plugins={plugins}
    isHeadersEditorEnabled={false}
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    defaultEditorToolsVisibility={false}
  >
    <GraphiQL.Logo>{personas.length > 0 ? <PersonaMenu /> : <TokenField />}</GraphiQL.Logo>
  </GraphiQL>,
);
