-- Requests for periods that whoever asked has withdrawn.

-- +goose Up

-- A request ends in one of two ways: another person agrees, or whoever asked
-- withdraws it. One that was withdrawn cannot be agreed to any more, not even by a
-- server that does not know of withdrawals.
ALTER TABLE period_requests
    ADD COLUMN withdrawn_by text,
    ADD COLUMN withdrawn_at timestamptz,
    DROP CONSTRAINT period_requests_status_known,
    ADD CONSTRAINT period_requests_status_known CHECK (status IN ('PENDING', 'APPROVED', 'WITHDRAWN')),
    ADD CONSTRAINT period_requests_withdrawn_whole CHECK ((status = 'WITHDRAWN') = (withdrawn_by IS NOT NULL) AND (withdrawn_by IS NULL) = (withdrawn_at IS NULL));

GRANT UPDATE (withdrawn_by, withdrawn_at) ON period_requests TO purser_app;
