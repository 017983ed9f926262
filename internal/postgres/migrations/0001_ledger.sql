-- The ledger core. Every key starts with book_id; every constraint has a name;
-- no trigger; no foreign key on the path of a posting (the fold has checked, and
-- `purser verify` re-checks). What is append-only is so by the grants of 0003.

-- +goose Up

-- One row per book: the only lock of a book's writers. Few, hot, never indexed
-- beyond its key, so that each update is a heap-only tuple.
CREATE TABLE book_heads (
    book_id        integer     NOT NULL,
    seq            bigint      NOT NULL DEFAULT 0,
    last_posted_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    CONSTRAINT book_heads_pkey PRIMARY KEY (book_id),
    CONSTRAINT book_heads_seq_not_negative CHECK (seq >= 0)
) WITH (fillfactor = 10);

-- Book 0 is the platform's own; 1 to 4 take owners. Four writers keep two cores
-- and one disk busy; more books can be added at any time, owners never move.
INSERT INTO book_heads (book_id) VALUES (0), (1), (2), (3), (4);

-- Accounts never change. What moves is in account_balances.
CREATE TABLE accounts (
    book_id    integer     NOT NULL,
    account_id uuid        NOT NULL,
    code       text        NOT NULL,
    class      text        NOT NULL,
    commodity  text        NOT NULL,
    owner_id   uuid,
    opened_at  timestamptz NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (book_id, account_id),
    CONSTRAINT accounts_code_commodity_unique UNIQUE (book_id, code, commodity),
    CONSTRAINT accounts_commodity_known CHECK (commodity IN ('CNX', 'USD', 'EUR'))
);

-- Counters only grow (I3); version counts postings (I4); a floored account
-- never goes below zero on its normal side (I5).
CREATE TABLE account_balances (
    book_id       integer NOT NULL,
    account_id    uuid    NOT NULL,
    debits        bigint  NOT NULL DEFAULT 0,
    credits       bigint  NOT NULL DEFAULT 0,
    version       bigint  NOT NULL DEFAULT 0,
    credit_normal boolean NOT NULL,
    floored       boolean NOT NULL,
    status        text    NOT NULL DEFAULT 'ACTIVE',
    CONSTRAINT account_balances_pkey PRIMARY KEY (book_id, account_id),
    CONSTRAINT account_balances_counters_not_negative CHECK (debits >= 0 AND credits >= 0 AND version >= 0),
    CONSTRAINT account_balances_floor CHECK (
        NOT floored OR (credit_normal AND credits >= debits) OR (NOT credit_normal AND debits >= credits)),
    CONSTRAINT account_balances_status_known CHECK (status IN ('ACTIVE', 'FROZEN', 'CLOSED'))
) WITH (fillfactor = 50);

-- seq is dense per book (I18). arguments are the canonical bytes the fold can
-- be replayed from; explanation is stored as the exact bytes that were given.
CREATE TABLE journals (
    book_id           integer     NOT NULL,
    journal_id        uuid        NOT NULL,
    seq               bigint      NOT NULL,
    template          text        NOT NULL,
    template_version  integer     NOT NULL,
    type              text        NOT NULL,
    arguments         bytea       NOT NULL,
    effective_at      timestamptz NOT NULL,
    booked_on         date        NOT NULL,
    posted_at         timestamptz NOT NULL,
    wallet_id         uuid,
    subject_type      text,
    subject_id        text,
    explanation       bytea,
    initiated_by      text        NOT NULL,
    reverses          uuid,
    reversed_quantity bigint,
    CONSTRAINT journals_pkey PRIMARY KEY (book_id, journal_id),
    CONSTRAINT journals_seq_unique UNIQUE (book_id, seq),
    CONSTRAINT journals_seq_positive CHECK (seq > 0),
    CONSTRAINT journals_subject_whole CHECK ((subject_type IS NULL) = (subject_id IS NULL)),
    CONSTRAINT journals_reversal_whole CHECK ((reverses IS NULL) = (reversed_quantity IS NULL)),
    CONSTRAINT journals_reversed_quantity_positive CHECK (reversed_quantity > 0)
);
-- Small: only reversals are in it. Answers what was reversed, and by how much (I17).
CREATE INDEX journals_reverses ON journals (book_id, reverses) WHERE reverses IS NOT NULL;

-- One row moves an amount from a debit to a credit account: a one-sided posting
-- cannot be written (I1). *_net stands on an account's last posting of a journal.
CREATE TABLE postings (
    book_id        integer     NOT NULL,
    journal_id     uuid        NOT NULL,
    line           smallint    NOT NULL,
    debit_account  uuid        NOT NULL,
    credit_account uuid        NOT NULL,
    commodity      text        NOT NULL,
    amount         bigint      NOT NULL,
    posted_at      timestamptz NOT NULL,
    debit_version  bigint      NOT NULL,
    debit_balance  bigint      NOT NULL,
    debit_net      bigint,
    credit_version bigint      NOT NULL,
    credit_balance bigint      NOT NULL,
    credit_net     bigint,
    CONSTRAINT postings_pkey PRIMARY KEY (book_id, journal_id, line),
    CONSTRAINT postings_amount_positive CHECK (amount > 0),
    CONSTRAINT postings_two_accounts CHECK (debit_account <> credit_account)
);
-- The history of an account, from either side, in version order.
CREATE INDEX postings_debit_history ON postings (book_id, debit_account, posted_at, debit_version);
CREATE INDEX postings_credit_history ON postings (book_id, credit_account, posted_at, credit_version);

-- Terms never change; the two remaining columns do. expires_at is infinity for
-- a lot that never expires, so that it sorts last.
CREATE TABLE lots (
    book_id         integer     NOT NULL,
    lot_id          uuid        NOT NULL,
    wallet_id       uuid        NOT NULL,
    origin          text        NOT NULL,
    granted         bigint      NOT NULL,
    remaining       bigint      NOT NULL,
    expires_at      timestamptz NOT NULL,
    priority        integer     NOT NULL,
    money           text,
    basis_minor     bigint      NOT NULL,
    basis_remaining bigint      NOT NULL,
    tax_minor       bigint      NOT NULL DEFAULT 0,
    tax_remaining   bigint      NOT NULL DEFAULT 0,
    jurisdiction    text        NOT NULL,
    CONSTRAINT lots_pkey PRIMARY KEY (book_id, lot_id),
    CONSTRAINT lots_remaining_bounds CHECK (remaining BETWEEN 0 AND granted AND granted > 0),
    CONSTRAINT lots_basis_bounds CHECK (basis_remaining BETWEEN 0 AND basis_minor),
    CONSTRAINT lots_tax_bounds CHECK (tax_remaining BETWEEN 0 AND tax_minor),
    CONSTRAINT lots_basis_has_money CHECK (basis_minor = 0 OR money IS NOT NULL),
    CONSTRAINT lots_spent_out_holds_no_basis CHECK (remaining > 0 OR (basis_remaining = 0 AND tax_remaining = 0))
) WITH (fillfactor = 80);
CREATE INDEX lots_wallet_spend_order ON lots (book_id, wallet_id, priority, expires_at, lot_id);

-- Where a lot's units are (I9). hold_id is the nil uuid for units not held.
CREATE TABLE lot_places (
    book_id    integer NOT NULL,
    account_id uuid    NOT NULL,
    lot_id     uuid    NOT NULL,
    hold_id    uuid    NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    quantity   bigint  NOT NULL,
    CONSTRAINT lot_places_pkey PRIMARY KEY (book_id, account_id, lot_id, hold_id),
    CONSTRAINT lot_places_quantity_not_negative CHECK (quantity >= 0)
) WITH (fillfactor = 80);

-- Every change of a place, with the basis that came or went with it.
CREATE TABLE lot_movements (
    book_id    integer  NOT NULL,
    journal_id uuid     NOT NULL,
    line       smallint NOT NULL,
    lot_id     uuid     NOT NULL,
    account_id uuid     NOT NULL,
    hold_id    uuid     NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    quantity   bigint   NOT NULL,
    basis      bigint   NOT NULL,
    tax        bigint   NOT NULL DEFAULT 0,
    money      text,
    CONSTRAINT lot_movements_pkey PRIMARY KEY (book_id, journal_id, line),
    CONSTRAINT lot_movements_quantity_not_zero CHECK (quantity <> 0)
);

-- Each account's debits and credits per booking day: balances by date, in one
-- row that back-dating touches.
CREATE TABLE account_days (
    book_id    integer NOT NULL,
    account_id uuid    NOT NULL,
    booked_on  date    NOT NULL,
    debits     bigint  NOT NULL,
    credits    bigint  NOT NULL,
    CONSTRAINT account_days_pkey PRIMARY KEY (book_id, account_id, booked_on),
    CONSTRAINT account_days_counters_not_negative CHECK (debits >= 0 AND credits >= 0)
) WITH (fillfactor = 70);

-- The same per class of account: a trial balance of any date without reading
-- one row per wallet.
CREATE TABLE trial_days (
    book_id   integer NOT NULL,
    booked_on date    NOT NULL,
    class     text    NOT NULL,
    commodity text    NOT NULL,
    debits    bigint  NOT NULL,
    credits   bigint  NOT NULL,
    CONSTRAINT trial_days_pkey PRIMARY KEY (book_id, booked_on, class, commodity),
    CONSTRAINT trial_days_counters_not_negative CHECK (debits >= 0 AND credits >= 0)
) WITH (fillfactor = 50);

-- One row per batch of journals: where a hash chain will hang its roots.
CREATE TABLE batches (
    book_id   integer     NOT NULL,
    last_seq  bigint      NOT NULL,
    first_seq bigint      NOT NULL,
    posted_at timestamptz NOT NULL,
    CONSTRAINT batches_pkey PRIMARY KEY (book_id, last_seq),
    CONSTRAINT batches_not_empty CHECK (first_seq BETWEEN 1 AND last_seq)
);

-- Callers' retry keys with the outcome of their first use (I12). A refusal has a
-- code and facts, an accepted command a journal of the same id.
CREATE TABLE idempotency_keys (
    book_id     integer     NOT NULL,
    principal   text        NOT NULL,
    mutation    text        NOT NULL,
    owner_id    uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    command_id  uuid        NOT NULL,
    seq         bigint,
    refusal     text,
    facts       bytea,
    decided_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (book_id, owner_id, principal, mutation, key),
    CONSTRAINT idempotency_keys_one_outcome CHECK ((seq IS NULL) = (refusal IS NOT NULL) AND (refusal IS NULL) = (facts IS NULL))
);

-- What may happen a single time, ever. Never deleted.
CREATE TABLE once_keys (
    book_id    integer NOT NULL,
    once_key   text    NOT NULL,
    journal_id uuid    NOT NULL,
    CONSTRAINT once_keys_pkey PRIMARY KEY (book_id, once_key)
);

-- ledger_require makes a statement of a pipelined batch fail when what it
-- expected is not so: the tripwire behind the head lock. SQLSTATE PL001.
-- +goose StatementBegin
CREATE FUNCTION ledger_require(holds boolean, rule text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION 'ledger rule % does not hold', rule USING ERRCODE = 'PL001', CONSTRAINT = rule;
    END IF;
END
$$;
-- +goose StatementEnd
