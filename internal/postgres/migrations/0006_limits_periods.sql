-- Velocity limits of accounts, and accounting periods.

-- +goose Up

-- How much an account's owner may take out of it per window of fixed length, counted
-- in the commit of the journals themselves. maximum is null once a limit is lifted.
CREATE TABLE account_limits (
    book_id        integer     NOT NULL,
    account_id     uuid        NOT NULL,
    window_seconds integer     NOT NULL,
    maximum        bigint,
    window_start   timestamptz NOT NULL,
    used           bigint      NOT NULL,
    CONSTRAINT account_limits_pkey PRIMARY KEY (book_id, account_id, window_seconds),
    CONSTRAINT account_limits_window_positive CHECK (window_seconds > 0),
    CONSTRAINT account_limits_maximum_not_negative CHECK (maximum >= 0),
    CONSTRAINT account_limits_used_not_negative CHECK (used >= 0)
) WITH (fillfactor = 50);

-- The last day of the last closed period, under the lock of the head (I20).
ALTER TABLE book_heads ADD COLUMN closed_through date;

-- What became of a book's periods: one row per journal that closed or reopened one.
-- trial_hash is over the rows of period_trials of the same seq.
CREATE TABLE book_periods (
    book_id    integer     NOT NULL,
    seq        bigint      NOT NULL,
    period     date        NOT NULL,
    event      text        NOT NULL,
    journal_id uuid        NOT NULL,
    at         timestamptz NOT NULL,
    trial_hash bytea,
    CONSTRAINT book_periods_pkey PRIMARY KEY (book_id, seq),
    CONSTRAINT book_periods_first_of_month CHECK (extract(day FROM period) = 1),
    CONSTRAINT book_periods_event_known CHECK (event IN ('CLOSED', 'REOPENED')),
    CONSTRAINT book_periods_closed_has_trial CHECK ((event = 'CLOSED') = (trial_hash IS NOT NULL))
);
CREATE INDEX book_periods_by_period ON book_periods (book_id, period, seq);

-- The trial balance a book had when it closed: every line up to the period's end.
CREATE TABLE period_trials (
    book_id   integer NOT NULL,
    seq       bigint  NOT NULL,
    class     text    NOT NULL,
    commodity text    NOT NULL,
    debits    bigint  NOT NULL,
    credits   bigint  NOT NULL,
    CONSTRAINT period_trials_pkey PRIMARY KEY (book_id, seq, class, commodity),
    CONSTRAINT period_trials_period_fkey FOREIGN KEY (book_id, seq) REFERENCES book_periods (book_id, seq) DEFERRABLE INITIALLY DEFERRED
);

-- Who asked for a period to be closed or reopened, and who agreed: two people. The
-- rows change only as effects of commands to book 0.
CREATE TABLE period_requests (
    request_id   uuid        NOT NULL,
    period       date        NOT NULL,
    action       text        NOT NULL,
    status       text        NOT NULL,
    reason       text        NOT NULL,
    requested_by text        NOT NULL,
    requested_at timestamptz NOT NULL,
    approved_by  text,
    approved_at  timestamptz,
    CONSTRAINT period_requests_pkey PRIMARY KEY (request_id),
    CONSTRAINT period_requests_action_known CHECK (action IN ('CLOSE', 'REOPEN')),
    CONSTRAINT period_requests_status_known CHECK (status IN ('PENDING', 'APPROVED')),
    CONSTRAINT period_requests_approved_whole CHECK ((status = 'APPROVED') = (approved_by IS NOT NULL) AND (approved_by IS NULL) = (approved_at IS NULL)),
    CONSTRAINT period_requests_two_people CHECK (approved_by <> requested_by)
);
CREATE UNIQUE INDEX period_requests_one_pending ON period_requests (period) WHERE status = 'PENDING';
CREATE INDEX period_requests_by_period ON period_requests (period, requested_at);

GRANT SELECT, INSERT ON account_limits, book_periods, period_trials, period_requests TO purser_app;
GRANT UPDATE (maximum, window_start, used) ON account_limits TO purser_app;
GRANT UPDATE (closed_through) ON book_heads TO purser_app;
GRANT UPDATE (status, approved_by, approved_at) ON period_requests TO purser_app;
