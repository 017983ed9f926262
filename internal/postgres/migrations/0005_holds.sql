-- Holds, and what lots need for transfers and for grace after expiry.

-- +goose Up

-- What is reserved of a wallet's units, and what became of it (I7). hold_id is the
-- id of the journal that placed it, so that ids order by age. expires_at is infinity
-- for a hold that never expires.
CREATE TABLE holds (
    book_id         integer     NOT NULL,
    hold_id         uuid        NOT NULL,
    wallet_id       uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    held_account_id uuid        NOT NULL,
    purpose         text        NOT NULL,
    subject_type    text,
    subject_id      text,
    reserved        bigint      NOT NULL,
    captured        bigint      NOT NULL DEFAULT 0,
    released        bigint      NOT NULL DEFAULT 0,
    status          text        NOT NULL DEFAULT 'OPEN',
    opened_at       timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    closed_at       timestamptz,
    CONSTRAINT holds_pkey PRIMARY KEY (book_id, hold_id),
    CONSTRAINT holds_reserved_positive CHECK (reserved > 0),
    CONSTRAINT holds_parts_bounds CHECK (captured >= 0 AND released >= 0 AND captured <= reserved - released),
    CONSTRAINT holds_status_known CHECK (status IN ('OPEN', 'CAPTURED', 'RELEASED', 'EXPIRED')),
    CONSTRAINT holds_closed_holds_nothing CHECK ((status = 'OPEN') = (captured + released < reserved)),
    CONSTRAINT holds_closed_whole CHECK ((status = 'OPEN') = (closed_at IS NULL)),
    CONSTRAINT holds_subject_whole CHECK ((subject_type IS NULL) = (subject_id IS NULL))
) WITH (fillfactor = 80);
-- Small: open holds only. What of a book the sweeper releases, soonest expiry first.
CREATE INDEX holds_open_by_expiry ON holds (book_id, expires_at, hold_id) WHERE status = 'OPEN';
-- The same per account: what it could take back. It comes after the other because
-- of two that seem as good while the table is nearly empty the planner takes the
-- later, and a writer's plan stays (docs/adr/0008-writer-statements-have-one-plan.md).
CREATE INDEX holds_open_of_account ON holds (book_id, account_id, expires_at, hold_id) WHERE status = 'OPEN';
CREATE INDEX holds_of_wallet ON holds (book_id, wallet_id, hold_id);

-- Which hold a journal moved, and how (I6 to I8 derive from these), and which linked
-- commands it was accepted with (I27): group_id is the first one's journal.
ALTER TABLE journals
    ADD COLUMN hold_id uuid,
    ADD COLUMN hold_event text,
    ADD COLUMN group_id uuid,
    ADD COLUMN group_size smallint,
    ADD CONSTRAINT journals_group_whole CHECK ((group_id IS NULL) = (group_size IS NULL)) NOT VALID,
    ADD CONSTRAINT journals_hold_whole CHECK ((hold_id IS NULL) = (hold_event IS NULL)) NOT VALID,
    ADD CONSTRAINT journals_hold_event_known CHECK (hold_event IN ('PLACED', 'INCREASED', 'CAPTURED', 'RELEASED', 'EXPIRED')) NOT VALID;
ALTER TABLE journals VALIDATE CONSTRAINT journals_group_whole;
ALTER TABLE journals VALIDATE CONSTRAINT journals_hold_whole;
ALTER TABLE journals VALIDATE CONSTRAINT journals_hold_event_known;
CREATE INDEX journals_hold ON journals (book_id, hold_id, seq) WHERE hold_id IS NOT NULL;
CREATE INDEX journals_group ON journals (book_id, group_id) WHERE group_id IS NOT NULL;

-- A lot that came by transfer names the lot it stems from, and is one per root and
-- wallet: it grows when more of the same root arrives. Units that come back to a lot
-- after its expiry may have grace.
ALTER TABLE lots
    ADD COLUMN root_id uuid,
    ADD COLUMN grace_until timestamptz;
CREATE UNIQUE INDEX lots_child_unique ON lots (book_id, wallet_id, root_id) WHERE root_id IS NOT NULL;
-- What the expiry job looks for. Not only lots with units left: an index that names
-- remaining would make every spend touch it.
CREATE INDEX lots_by_expiry ON lots (book_id, expires_at, lot_id);
CREATE INDEX lots_by_grace ON lots (book_id, grace_until, lot_id) WHERE grace_until IS NOT NULL;

GRANT SELECT, INSERT ON holds TO purser_app;
GRANT UPDATE (reserved, captured, released, status, expires_at, closed_at) ON holds TO purser_app;
GRANT UPDATE (granted, basis_minor, tax_minor, grace_until) ON lots TO purser_app;
