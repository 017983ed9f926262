-- Who owns what: owners and their book, memberships, wallets, and the spend
-- projection of wallets. Rows change only as effects of ledger commands.

-- +goose Up

-- An owner is a pseudonym: personal data lives elsewhere. The book is assigned
-- once, when the owner's first wallet is opened.
CREATE TABLE owners (
    owner_id     uuid        NOT NULL,
    book_id      integer     NOT NULL,
    kind         text        NOT NULL,
    jurisdiction text        NOT NULL,
    time_zone    text        NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT owners_pkey PRIMARY KEY (owner_id),
    CONSTRAINT owners_kind_known CHECK (kind IN ('PARTY', 'ORGANISATION')),
    CONSTRAINT owners_jurisdiction_iso CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    CONSTRAINT owners_book_fkey FOREIGN KEY (book_id) REFERENCES book_heads (book_id)
);

-- As what a party may act for an organisation. A row that ended stays, with the
-- instant it ended.
CREATE TABLE memberships (
    party_id        uuid        NOT NULL,
    organisation_id uuid        NOT NULL,
    role            text        NOT NULL,
    since           timestamptz NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT memberships_pkey PRIMARY KEY (party_id, organisation_id, role),
    CONSTRAINT memberships_role_known CHECK (role IN ('AGENCY_MEMBER', 'AGENCY_ADMIN', 'ADVERTISER_ANALYST', 'ADVERTISER_ADMIN')),
    CONSTRAINT memberships_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES owners (owner_id)
);

CREATE TABLE wallets (
    book_id       integer     NOT NULL,
    wallet_id     uuid        NOT NULL,
    owner_id      uuid        NOT NULL,
    kind          text        NOT NULL,
    opened_at     timestamptz NOT NULL,
    freeze_reason text,
    frozen_at     timestamptz,
    CONSTRAINT wallets_pkey PRIMARY KEY (book_id, wallet_id),
    CONSTRAINT wallets_owner_kind_unique UNIQUE (book_id, owner_id, kind),
    CONSTRAINT wallets_kind_known CHECK (kind IN ('FREELANCER', 'AGENCY')),
    CONSTRAINT wallets_freeze_whole CHECK ((freeze_reason IS NULL) = (frozen_at IS NULL)),
    CONSTRAINT wallets_freeze_reason_known CHECK (freeze_reason IN ('PLAN_LAPSED', 'DISPUTE', 'COMPLIANCE', 'DEBT')),
    CONSTRAINT wallets_owner_fkey FOREIGN KEY (owner_id) REFERENCES owners (owner_id)
);

-- Units of a wallet's lots consumed, and given back, per quarter of an hour of
-- the business event (UTC): fine enough for every time zone's days.
CREATE TABLE wallet_spend (
    book_id      integer     NOT NULL,
    wallet_id    uuid        NOT NULL,
    bucket_at    timestamptz NOT NULL,
    product      text        NOT NULL,
    initiated_by text        NOT NULL,
    consumed     bigint      NOT NULL,
    returned     bigint      NOT NULL,
    CONSTRAINT wallet_spend_pkey PRIMARY KEY (book_id, wallet_id, bucket_at, product, initiated_by),
    CONSTRAINT wallet_spend_counters_not_negative CHECK (consumed >= 0 AND returned >= 0)
) WITH (fillfactor = 80);

-- Loads of the demonstration marketplace: one that was interrupted is resumed
-- with the parameters it began with.
CREATE TABLE demo_loads (
    seed        bigint      NOT NULL,
    wallets     integer     NOT NULL,
    days        integer     NOT NULL,
    ends_at     timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT demo_loads_pkey PRIMARY KEY (seed)
);
