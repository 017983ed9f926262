import advertiser from '../tabs/advertiser.graphql';
import agencyAdmin from '../tabs/agency-admin.graphql';
import agencyMember from '../tabs/agency-member.graphql';
import auditor from '../tabs/auditor.graphql';
import finance from '../tabs/finance.graphql';
import financeClose from '../tabs/finance-close.graphql';
import financeJournal from '../tabs/finance-journal.graphql';
import financeSecond from '../tabs/finance-second.graphql';
import freelancer from '../tabs/freelancer.graphql';
import productManager from '../tabs/product-manager.graphql';
import service from '../tabs/service.graphql';

// In the order of the page. Each says for whom it is; a persona may have several.
const documents = [
  freelancer,
  advertiser,
  productManager,
  agencyAdmin,
  agencyMember,
  finance,
  financeClose,
  financeSecond,
  financeJournal,
  auditor,
  service,
];

const anyone = `# Enter a token above, on the right.
query Viewer {
  viewer {
    subject
    roles
  }
}
`;

/** personaOf returns the persona that a document names in a line "# caller: name", or null. */
export function personaOf(document) {
  return /^#\s*caller:\s*([a-z-]+)\s*$/m.exec(document ?? '')?.[1] ?? null;
}

/** lastMonth returns the month that ended last, in UTC, as YYYY-MM. */
function lastMonth() {
  const today = new Date();
  return new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
}

/** variablesOf returns what a document's variables are to begin with: they are about the month that just ended. */
function variablesOf(document) {
  const period = lastMonth();
  if (document.includes('$input: ClosePeriodInput!')) {
    return { input: { idempotencyKey: `close-${period}`, period, reason: 'month end' } };
  }
  return document.includes('$period: String!') ? { period } : null;
}

/**
 * seededTabs returns the tabs of a first visit: those of the server's personas, or one for whoever
 * holds a token.
 */
export function seededTabs(personas) {
  if (personas.length === 0) {
    return [{ query: anyone }];
  }
  return documents
    .filter((query) => personas.includes(personaOf(query)))
    .map((query) => {
      const variables = variablesOf(query);
      return variables ? { query, variables: JSON.stringify(variables, null, 2) } : { query };
    });
}
