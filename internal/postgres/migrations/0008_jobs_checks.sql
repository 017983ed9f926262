-- Scheduled work, and what the invariant checker last found.

-- +goose Up

-- Which process runs a job, until when. A lease that ran out may be taken.
CREATE TABLE job_leases (
    job    text        NOT NULL,
    holder text        NOT NULL,
    until  timestamptz NOT NULL,
    CONSTRAINT job_leases_pkey PRIMARY KEY (job)
);

-- How far a job that walks along time has come in a book.
CREATE TABLE job_progress (
    job     text        NOT NULL,
    book_id integer     NOT NULL,
    at      timestamptz NOT NULL,
    CONSTRAINT job_progress_pkey PRIMARY KEY (job, book_id)
);

-- The last result of each invariant (I1 to I31), as the background checker saw it.
CREATE TABLE invariant_checks (
    invariant  text        NOT NULL,
    checked_at timestamptz NOT NULL,
    status     text        NOT NULL,
    failures   bigint      NOT NULL,
    detail     text        NOT NULL,
    duration   interval    NOT NULL,
    CONSTRAINT invariant_checks_pkey PRIMARY KEY (invariant),
    CONSTRAINT invariant_checks_status_known CHECK (status IN ('OK', 'BROKEN', 'UNKNOWN')),
    CONSTRAINT invariant_checks_failures_not_negative CHECK (failures >= 0)
);

GRANT SELECT, INSERT ON job_leases, job_progress, invariant_checks TO purser_app;
GRANT UPDATE (holder, until) ON job_leases TO purser_app;
GRANT UPDATE (at) ON job_progress TO purser_app;
GRANT UPDATE (checked_at, status, failures, detail, duration) ON invariant_checks TO purser_app;
