-- Advertising: ad accounts, campaigns, their change log, click charges, and
-- the rollups that dashboards read. Rows change only as effects of ledger
-- commands. What is written here is new to the code before: it neither reads nor
-- writes any of it.

-- +goose Up

-- All but the count of campaigns is decided for good when the account is opened.
-- wallet_id funds campaigns paid in Connects and gets the rest back.
CREATE TABLE ad_accounts (
    book_id       integer     NOT NULL,
    ad_account_id uuid        NOT NULL,
    owner_id      uuid        NOT NULL,
    name          text        NOT NULL,
    commodity     text        NOT NULL,
    wallet_id     uuid,
    time_zone     text        NOT NULL,
    opened_at     timestamptz NOT NULL,
    campaigns     bigint      NOT NULL DEFAULT 0,
    CONSTRAINT ad_accounts_pkey PRIMARY KEY (book_id, ad_account_id),
    CONSTRAINT ad_accounts_commodity_known CHECK (commodity IN ('CNX', 'USD')),
    CONSTRAINT ad_accounts_wallet_for_connects CHECK ((commodity = 'CNX') = (wallet_id IS NOT NULL)),
    CONSTRAINT ad_accounts_campaigns_not_negative CHECK (campaigns >= 0),
    CONSTRAINT ad_accounts_owner_fkey FOREIGN KEY (owner_id) REFERENCES owners (owner_id)
);
CREATE INDEX ad_accounts_owner ON ad_accounts (book_id, owner_id, ad_account_id);

-- status is what the owner wants; whether ads are shown is computed on reading.
-- name_key is the name as it is compared: unique in its ad account at the end of
-- every batch, which may give a name to one campaign before it writes down that
-- another has dropped it. The counters at the end are projections of the
-- campaign's journals (I22).
CREATE TABLE campaigns (
    book_id         integer     NOT NULL,
    campaign_id     uuid        NOT NULL,
    ad_account_id   uuid        NOT NULL,
    name            text        NOT NULL,
    name_key        text        NOT NULL,
    product         text        NOT NULL,
    ad_type         text        NOT NULL,
    ad_id           uuid        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz,
    bid_minor       bigint      NOT NULL,
    budget_type     text        NOT NULL,
    budget_minor    bigint      NOT NULL,
    status          text        NOT NULL,
    version         bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    budget_edits_on date        NOT NULL,
    budget_edits    bigint      NOT NULL,
    funded          bigint      NOT NULL DEFAULT 0,
    released        bigint      NOT NULL DEFAULT 0,
    consumed        bigint      NOT NULL DEFAULT 0,
    credited        bigint      NOT NULL DEFAULT 0,
    unbilled        bigint      NOT NULL DEFAULT 0,
    CONSTRAINT campaigns_pkey PRIMARY KEY (book_id, campaign_id),
    CONSTRAINT campaigns_name_unique UNIQUE (book_id, ad_account_id, name_key) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT campaigns_product_known CHECK (product IN ('BOOSTED_PROFILE', 'PROMOTED_PROJECT', 'PROMOTED_JOB')),
    CONSTRAINT campaigns_ad_type_known CHECK (ad_type IN ('PROFILE', 'PROJECT', 'JOB')),
    CONSTRAINT campaigns_schedule_forward CHECK (ends_at > starts_at),
    CONSTRAINT campaigns_bid_positive CHECK (bid_minor > 0),
    CONSTRAINT campaigns_budget_positive CHECK (budget_minor > 0),
    CONSTRAINT campaigns_budget_type_known CHECK (budget_type IN ('DAILY', 'LIFETIME')),
    CONSTRAINT campaigns_status_known CHECK (status IN ('DRAFT', 'ENABLED', 'PAUSED', 'ENDED', 'ARCHIVED')),
    CONSTRAINT campaigns_version_positive CHECK (version > 0),
    CONSTRAINT campaigns_counters_not_negative CHECK (
        funded >= 0 AND released >= 0 AND consumed >= 0 AND credited >= 0 AND unbilled >= 0 AND budget_edits >= 0),
    CONSTRAINT campaigns_never_overspent CHECK (released + consumed <= funded + credited),
    CONSTRAINT campaigns_ad_account_fkey FOREIGN KEY (book_id, ad_account_id) REFERENCES ad_accounts (book_id, ad_account_id)
) WITH (fillfactor = 70);

-- One line per field that a journal changed, as people read it.
CREATE TABLE campaign_changes (
    book_id     integer     NOT NULL,
    campaign_id uuid        NOT NULL,
    changed_at  timestamptz NOT NULL,
    journal_id  uuid        NOT NULL,
    line        smallint    NOT NULL,
    actor       text        NOT NULL,
    field       text        NOT NULL,
    old_value   text        NOT NULL,
    new_value   text        NOT NULL,
    CONSTRAINT campaign_changes_pkey PRIMARY KEY (book_id, campaign_id, changed_at, journal_id, line)
);

-- One row per batch of clicks: a campaign and a minute. Its journal bills what the
-- escrow held; the rest was served and is never billed.
CREATE TABLE click_charges (
    book_id         integer     NOT NULL,
    campaign_id     uuid        NOT NULL,
    posted_at       timestamptz NOT NULL,
    journal_id      uuid        NOT NULL,
    batch           text        NOT NULL,
    minute_at       timestamptz NOT NULL,
    impressions     bigint      NOT NULL,
    clicks          bigint      NOT NULL,
    billable_clicks bigint      NOT NULL,
    billed          bigint      NOT NULL,
    unbilled        bigint      NOT NULL,
    CONSTRAINT click_charges_pkey PRIMARY KEY (book_id, campaign_id, posted_at, journal_id),
    CONSTRAINT click_charges_counters_not_negative CHECK (
        impressions >= 0 AND clicks >= 0 AND billable_clicks BETWEEN 0 AND clicks AND billed >= 0 AND unbilled >= 0)
);

-- What happened to a campaign per quarter of an hour (UTC): fine enough for the
-- days of every time zone. The daily rollup beside it is in the ad account's zone.
CREATE TABLE ad_rollups_15m (
    book_id         integer     NOT NULL,
    campaign_id     uuid        NOT NULL,
    bucket_at       timestamptz NOT NULL,
    impressions     bigint      NOT NULL,
    clicks          bigint      NOT NULL,
    billable_clicks bigint      NOT NULL,
    spend_gross     bigint      NOT NULL,
    credits         bigint      NOT NULL,
    unbilled        bigint      NOT NULL,
    CONSTRAINT ad_rollups_15m_pkey PRIMARY KEY (book_id, campaign_id, bucket_at),
    CONSTRAINT ad_rollups_15m_counters_not_negative CHECK (
        impressions >= 0 AND clicks >= 0 AND billable_clicks >= 0 AND spend_gross >= 0 AND credits >= 0 AND unbilled >= 0)
) WITH (fillfactor = 80);

CREATE TABLE ad_rollups_daily (
    book_id         integer NOT NULL,
    campaign_id     uuid    NOT NULL,
    day             date    NOT NULL,
    impressions     bigint  NOT NULL,
    clicks          bigint  NOT NULL,
    billable_clicks bigint  NOT NULL,
    spend_gross     bigint  NOT NULL,
    credits         bigint  NOT NULL,
    unbilled        bigint  NOT NULL,
    CONSTRAINT ad_rollups_daily_pkey PRIMARY KEY (book_id, campaign_id, day),
    CONSTRAINT ad_rollups_daily_counters_not_negative CHECK (
        impressions >= 0 AND clicks >= 0 AND billable_clicks >= 0 AND spend_gross >= 0 AND credits >= 0 AND unbilled >= 0)
) WITH (fillfactor = 70);

-- Which journals happened in a span, for the flows of wallets. Journals arrive
-- nearly in this order, so that a block range index is enough and costs a posting
-- nothing.
CREATE INDEX journals_effective ON journals USING brin (effective_at) WITH (pages_per_range = 32, autosummarize = on);

-- A load of the demonstration from before had no campaigns.
ALTER TABLE demo_loads ADD COLUMN campaigns integer NOT NULL DEFAULT 0;

GRANT SELECT, INSERT ON
    ad_accounts, campaigns, campaign_changes, click_charges, ad_rollups_15m, ad_rollups_daily
    TO purser_app;
GRANT UPDATE (campaigns) ON ad_accounts TO purser_app;
GRANT UPDATE (name, name_key, ad_type, ad_id, starts_at, ends_at, bid_minor, budget_type, budget_minor, status, version, updated_at,
    budget_edits_on, budget_edits, funded, released, consumed, credited, unbilled) ON campaigns TO purser_app;
GRANT UPDATE (impressions, clicks, billable_clicks, spend_gross, credits, unbilled) ON ad_rollups_15m, ad_rollups_daily TO purser_app;
