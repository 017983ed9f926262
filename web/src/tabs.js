import advertiser from '../tabs/advertiser.graphql';
import agencyAdmin from '../tabs/agency-admin.graphql';
import agencyMember from '../tabs/agency-member.graphql';
import auditor from '../tabs/auditor.graphql';
import finance from '../tabs/finance.graphql';
import freelancer from '../tabs/freelancer.graphql';
import productManager from '../tabs/product-manager.graphql';
import service from '../tabs/service.graphql';

const byPersona = {
  freelancer,
  advertiser,
  'product-manager': productManager,
  'agency-admin': agencyAdmin,
  'agency-member': agencyMember,
  finance,
  auditor,
  service,
};

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

/**
 * seededTabs returns the tabs of a first visit: one for each persona of the server, in this file's
 * order, or one for whoever holds a token.
 */
export function seededTabs(personas) {
  if (personas.length === 0) {
    return [{ query: anyone }];
  }
  return Object.keys(byPersona)
    .filter((name) => personas.includes(name))
    .map((name) => ({ query: byPersona[name] }));
}
